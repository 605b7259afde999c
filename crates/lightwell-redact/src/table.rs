//! The rules, one row each. The list in `docs/redaction.md` is made of them (`cargo run -p lightwell-redact --example rules`).
//!
//! The names down to `pypi-token`, `email` and `env-secret-value` are those of sigil-sdk 0.9.3. Rules that begin with the same
//! literal are tried in the order of the table.

use crate::class::Class::{Alnum, Base32, Base64, Dash, Dotted, LowerHex, Percent, Word};
use crate::shape::{self, Piece};
use Piece::{Dots, End, Maybe, Mixed, Run, Text};

/// One kind of secret.
#[derive(Debug)]
pub struct Rule {
    /// As its marker says it.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// One of these is in it.
    pub literals: &'static [&'static str],
    pub(crate) shape: Shape,
}

/// How the bytes around a literal are checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// The literal, where a word begins, and what follows; the letters are in the case of the table.
    Token(&'static [Piece]),
    /// The same, where `prefix` alone stays.
    Keyed(&'static [Piece]),
    /// A run of letters and digits of this length, with the literal at this place in it.
    Inside { offset: usize, length: usize },
    /// See `block`.
    PrivateKey,
    /// See `address`.
    ConnectionString,
    /// See `address`.
    UrlPassword,
    /// See `address`.
    Email,
    /// See `scan`.
    BearerHeader,
    /// See `scan`.
    BasicHeader,
    /// See `scan`.
    AzureSecret,
}

impl Rule {
    const fn new(
        name: &'static str,
        what: &'static str,
        literals: &'static [&'static str],
        shape: Shape,
    ) -> Self {
        Self { name, what, literals, shape }
    }

    const fn token(
        name: &'static str,
        what: &'static str,
        literals: &'static [&'static str],
        pieces: &'static [Piece],
    ) -> Self {
        Self::new(name, what, literals, Shape::Token(pieces))
    }

    /// What it looks like: a regular expression, or words where that would say less.
    pub fn pattern(&self) -> String {
        let literals: Vec<_> = self.literals.iter().map(|literal| shape::escaped(literal)).collect();
        let literal = match literals.as_slice() {
            [one] => one.clone(),
            many => format!("(?:{})", many.join("|")),
        };
        match self.shape {
            Shape::Token(pieces) => format!(r"\b{literal}{}", shape::pattern(pieces)),
            Shape::Keyed(pieces) => format!(r"(?<=\b{literal}){}", shape::pattern(pieces)),
            Shape::Inside { offset, length } => {
                format!(
                    r"\b[A-Za-z0-9]{{{offset}}}{literal}[A-Za-z0-9]{{{}}}\b",
                    length - offset - literal.len()
                )
            }
            Shape::PrivateKey => {
                "-----BEGIN ... PRIVATE KEY-----, to its END or the end of the key".to_owned()
            }
            Shape::ConnectionString => "scheme of a database, ://, something with an @".to_owned(),
            Shape::UrlPassword => "the password in scheme://user:password@host".to_owned(),
            Shape::Email => r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b".to_owned(),
            Shape::BearerHeader => r"(?i)Bearer\s+[A-Za-z0-9_.~+/-]{20,}={0,3}".to_owned(),
            Shape::BasicHeader => "Basic and the base64 of user:password".to_owned(),
            Shape::AzureSecret => r"\b[A-Za-z0-9_.~]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}".to_owned(),
        }
    }
}

/// The rules as a table of Markdown, for people.
pub fn rules_as_markdown() -> String {
    let mut text = "| rule | what | looks like |\n|---|---|---|\n".to_owned();
    for rule in RULES {
        let pattern = rule.pattern().replace('|', "\\|");
        let pattern = if pattern.starts_with('\\') || pattern.starts_with('(') {
            format!("`{pattern}`")
        } else {
            pattern
        };
        text.push_str(&format!("| `{}` | {} | {pattern} |\n", rule.name, rule.what));
    }
    text.push_str(&format!(
        "| `{}` | {} | `PASSWORD=...`, `api-key: ...`, `\"token\": \"...\"` |\n",
        NAMED.name, NAMED.what
    ));
    text
}

const MANY: usize = usize::MAX;

/// What is named like a secret. It has no literal of its own: see `named`.
pub static NAMED: Rule = Rule::new(
    "env-secret-value",
    "the value behind a name that ends with password, passwd, passphrase, pwd, secret, token, key, credential(s) or authorization",
    &[],
    Shape::Keyed(&[]),
);

/// What looks like a secret by itself.
pub static RULES: &[Rule] = &[
    Rule::token("grafana-cloud-token", "Grafana Cloud", &["glc_"], &[Run(Dash, 20, MANY)]),
    Rule::token(
        "grafana-service-account-token",
        "Grafana service account",
        &["glsa_"],
        &[Run(Dash, 20, MANY)],
    ),
    Rule::token(
        "aws-access-token",
        "AWS access key id",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        &[Run(Base32, 16, 16), End],
    ),
    Rule::token(
        "aws-access-token",
        "AWS access key id",
        &["A3T"],
        &[Run(Alnum, 1, 1), Run(Base32, 16, 16), End],
    ),
    Rule::token("github-pat", "GitHub personal access token", &["ghp_"], &[Run(Word, 36, MANY)]),
    Rule::token("github-oauth", "GitHub OAuth token", &["gho_"], &[Run(Word, 36, MANY)]),
    Rule::token(
        "github-app-token",
        "GitHub app, user-to-server or refresh token",
        &["ghs_", "ghu_", "ghr_"],
        &[Run(Word, 36, MANY)],
    ),
    Rule::token(
        "github-fine-grained-pat",
        "GitHub fine-grained token",
        &["github_pat_"],
        &[Run(Word, 82, 82)],
    ),
    Rule::token("anthropic-api-key", "Anthropic", &["sk-ant-api03-"], &[Run(Dash, 93, 93), Text("AA")]),
    Rule::token(
        "anthropic-admin-key",
        "Anthropic admin",
        &["sk-ant-admin01-"],
        &[Run(Dash, 93, 93), Text("AA")],
    ),
    Rule::token(
        "anthropic-api-key",
        "Anthropic, other kinds and lengths",
        &["sk-ant-"],
        &[Run(Dash, 24, MANY)],
    ),
    Rule::token(
        "openai-api-key",
        "OpenAI",
        &["sk-"],
        &[Run(Alnum, 20, 20), Text("T3BlbkFJ"), Run(Alnum, 20, 20)],
    ),
    Rule::token("openai-project-key", "OpenAI project", &["sk-proj-"], &[Run(Dash, 40, MANY)]),
    Rule::token("openai-svcacct-key", "OpenAI service account", &["sk-svcacct-"], &[Run(Dash, 40, MANY)]),
    Rule::token("openai-admin-key", "OpenAI admin", &["sk-admin-"], &[Run(Dash, 40, MANY)]),
    Rule::token("openrouter-api-key", "OpenRouter", &["sk-or-v1-"], &[Run(LowerHex, 32, MANY)]),
    Rule::token("langfuse-secret-key", "Langfuse", &["sk-lf-"], &[Run(Dash, 30, MANY)]),
    Rule::token("openai-api-key", "classic OpenAI and others of that form", &["sk-"], &[Mixed(Word, 20)]),
    Rule::token("gcp-api-key", "Google API key", &["AIza"], &[Run(Dash, 35, 35)]),
    Rule::token(
        "gcp-oauth-token",
        "Google OAuth access token",
        &["ya29."],
        &[Run(Dash, 20, MANY), Dots(Dash)],
    ),
    Rule::token("gcp-client-secret", "Google OAuth client secret", &["GOCSPX-"], &[Run(Dash, 28, MANY)]),
    Rule::new("private-key", "private key block", &["-----BEGIN"], Shape::PrivateKey),
    Rule::new("connection-string", "database URL with a user", &["://"], Shape::ConnectionString),
    Rule::new("bearer-token", "bearer authentication", &["bearer"], Shape::BearerHeader),
    Rule::token(
        "slack-token",
        "Slack",
        &["xoxb-", "xoxp-", "xoxo-", "xoxr-", "xoxa-", "xoxs-"],
        &[Run(Dash, 10, MANY)],
    ),
    Rule::token("slack-app-token", "Slack app", &["xapp-"], &[Run(Dash, 20, MANY)]),
    Rule::new(
        "slack-webhook",
        "the secret part of a Slack webhook",
        &["hooks.slack.com/services/"],
        Shape::Keyed(&[Run(Base64, 30, MANY)]),
    ),
    Rule::token(
        "stripe-key",
        "Stripe",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
        &[Run(Alnum, 20, MANY)],
    ),
    Rule::token("stripe-webhook-secret", "Stripe webhook", &["whsec_"], &[Run(Alnum, 24, MANY)]),
    Rule::token("sendgrid-api-key", "SendGrid", &["SG."], &[Run(Dash, 22, 22), Text("."), Run(Dash, 43, 43)]),
    Rule::token("twilio-api-key", "Twilio", &["SK"], &[Run(LowerHex, 32, 32)]),
    Rule::token("npm-token", "npm", &["npm_"], &[Run(Alnum, 36, MANY)]),
    Rule::token("pypi-token", "PyPI", &["pypi-"], &[Run(Dash, 50, MANY)]),
    Rule::token(
        "jwt",
        "JSON Web Token",
        &["eyJ"],
        &[Run(Dash, 8, MANY), Text("."), Run(Dash, 8, MANY), Dots(Dash), Maybe(".")],
    ),
    Rule::token(
        "gitlab-token",
        "GitLab",
        &["glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glcbt-", "glimt-", "glagent-", "glsoat-"],
        &[Run(Dash, 20, MANY), Dots(Dash)],
    ),
    Rule::token("huggingface-token", "Hugging Face", &["hf_", "api_org_"], &[Run(Alnum, 30, MANY)]),
    Rule::new(
        "azure-storage-key",
        "Azure storage account",
        &["AccountKey=", "SharedAccessKey="],
        Shape::Keyed(&[Run(Base64, 40, MANY), Text("="), Maybe("=")]),
    ),
    Rule::new(
        "azure-sas-signature",
        "Azure shared access signature",
        &["sig="],
        Shape::Keyed(&[Run(Percent, 43, MANY)]),
    ),
    Rule::new("azure-client-secret", "Microsoft Entra client secret", &["Q~"], Shape::AzureSecret),
    Rule::new("azure-api-key", "Azure AI and OpenAI", &["JQQJ99"], Shape::Inside { offset: 52, length: 84 }),
    Rule::new("azure-devops-token", "Azure DevOps", &["AZDO"], Shape::Inside { offset: 76, length: 84 }),
    Rule::token(
        "digitalocean-token",
        "DigitalOcean",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        &[Run(LowerHex, 64, 64)],
    ),
    Rule::token(
        "databricks-token",
        "Databricks",
        &["dapi"],
        &[Run(LowerHex, 32, 32), Maybe("-2"), Maybe("-3")],
    ),
    Rule::token("groq-api-key", "Groq", &["gsk_"], &[Run(Alnum, 40, MANY)]),
    Rule::token("xai-api-key", "xAI", &["xai-"], &[Run(Alnum, 60, MANY)]),
    Rule::token("perplexity-api-key", "Perplexity", &["pplx-"], &[Run(Alnum, 40, MANY)]),
    Rule::token("replicate-token", "Replicate", &["r8_"], &[Run(Alnum, 30, MANY)]),
    Rule::token("nvidia-api-key", "NVIDIA", &["nvapi-"], &[Run(Dash, 40, MANY)]),
    Rule::token("langsmith-api-key", "LangSmith", &["lsv2_pt_", "lsv2_sk_"], &[Run(Word, 32, MANY)]),
    Rule::token("lightwell-key", "Lightwell", &["lw_"], &[Mixed(Alnum, 24)]),
    Rule::token("docker-token", "Docker Hub", &["dckr_pat_", "dckr_oat_"], &[Run(Dash, 20, MANY)]),
    Rule::token("vault-token", "HashiCorp Vault", &["hvs.", "hvb.", "hvr."], &[Run(Dash, 24, MANY)]),
    Rule::token(
        "terraform-token",
        "the secret part of a Terraform Cloud token",
        &["atlasv1."],
        &[Run(Dotted, 60, MANY)],
    ),
    Rule::token("atlassian-token", "Atlassian", &["ATATT3"], &[Run(Dotted, 50, MANY)]),
    Rule::token("linear-api-key", "Linear", &["lin_api_"], &[Run(Alnum, 32, MANY)]),
    Rule::token("notion-token", "Notion", &["ntn_"], &[Run(Alnum, 40, MANY)]),
    Rule::token(
        "shopify-token",
        "Shopify",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        &[Run(LowerHex, 32, 32)],
    ),
    Rule::token("sentry-token", "Sentry", &["sntrys_", "sntryu_"], &[Run(Dotted, 32, MANY)]),
    Rule::token("rubygems-key", "RubyGems", &["rubygems_"], &[Run(LowerHex, 48, 48)]),
    Rule::token("postman-key", "Postman", &["PMAK-"], &[Run(Dash, 50, MANY)]),
    Rule::token("age-secret-key", "age", &["AGE-SECRET-KEY-1"], &[Run(Alnum, 58, 58)]),
    Rule::new("basic-auth", "basic authentication", &["basic"], Shape::BasicHeader),
    Rule::new("url-password", "password in a URL", &["://"], Shape::UrlPassword),
    Rule::new("email", "e-mail address, unless switched off", &["@"], Shape::Email),
];
