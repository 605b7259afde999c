//! `lightwell keys`: making, listing and revoking API keys, in the data folder itself, also while the server runs.

use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use lightwell_model::TenantId;
use lightwell_server::KeySecret;
use lightwell_store::{ApiKey, NewApiKey};
use lightwell_store_sqlite::KeyFile;

use crate::data::{DataArgument, open_keys};
use crate::exit::Failure;
use crate::paint::Paint;
use crate::table::{Align, Table};

/// Make, list and revoke API keys.
///
/// As soon as there is a key, the server asks for one. Works on the data folder itself, also while the server runs, which
/// takes notice within a second.
#[derive(clap::Args)]
pub struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(clap::Subcommand)]
enum KeysCommand {
    /// Make a key and show it, this once.
    Create {
        /// The tenant that whoever has the key acts as.
        #[arg(long)]
        tenant: TenantId,
        /// What it is for.
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        data: DataArgument,
    },
    /// List keys: who they act as and what they are for, never the keys themselves.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataArgument,
    },
    /// Revoke a key for good.
    Revoke {
        /// The key's id, as "lightwell keys list" shows it.
        id: String,
        #[command(flatten)]
        data: DataArgument,
    },
}

impl Keys {
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            KeysCommand::Create { tenant, name, data } => create(&open_keys(&data.folder()?)?, tenant, name),
            KeysCommand::List { json, data } => list(&open_keys(&existing(data.folder()?)?)?, json),
            KeysCommand::Revoke { id, data } => revoke(&open_keys(&existing(data.folder()?)?)?, &id),
        }
    }
}

/// Who looks for keys in a folder that is not there has the wrong one in mind: none is made.
fn existing(folder: PathBuf) -> Result<PathBuf, Failure> {
    if folder.is_dir() {
        return Ok(folder);
    }
    let folder = folder.display();
    Err(Failure::NotFound(format!("there is no data folder {folder}; choose the server's with --data DIR")))
}

fn create(keys: &KeyFile, tenant: TenantId, name: String) -> Result<(), Failure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let secret = KeySecret::from_random(random);
    let mut id = [0; 6];
    getrandom::fill(&mut id)?;
    let id = format!("key_{}", id.map(|byte| format!("{byte:02x}")).concat());
    let key = NewApiKey { id, name, tenant, digest: secret.digest(), created_at: Timestamp::now() };
    let first = keys.list()?.is_empty();
    let key = keys.add(&key)?;
    // The key alone on stdout, so that a script can take it.
    eprintln!("Made {} for tenant {}. This is the only time that it is shown:", key.id, key.tenant);
    writeln!(std::io::stdout(), "{}", secret.reveal())?;
    if first {
        eprintln!(
            "It is the first: from now on the server asks for a key. What came without one is the tenant \"default\"'s, unless it named another."
        );
    }
    Ok(())
}

fn list(keys: &KeyFile, json: bool) -> Result<(), Failure> {
    let keys = keys.list()?;
    let mut out = std::io::stdout().lock();
    if json {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| {
                serde_json::json!({
                    "id": key.id,
                    "tenant": key.tenant.as_str(),
                    "name": key.name,
                    "created_at": key.created_at.to_string(),
                })
            })
            .collect();
        writeln!(out, "{:#}", serde_json::Value::from(keys))?;
    } else {
        write!(out, "{}", render(&keys, Paint::for_stdout()))?;
    }
    Ok(())
}

fn revoke(keys: &KeyFile, id: &str) -> Result<(), Failure> {
    if !keys.revoke(id)? {
        return Err(Failure::NotFound(format!(
            "there is no key {id:?}; \"lightwell keys list\" shows those that are"
        )));
    }
    eprintln!("Revoked {id}.");
    if keys.list()?.is_empty() {
        eprintln!("It was the last one: a server on this machine now answers local requests without a key.");
    }
    Ok(())
}

fn render(keys: &[ApiKey], paint: Paint) -> String {
    if keys.is_empty() {
        return "No keys. Make one: lightwell keys create --tenant <tenant>\n".to_owned();
    }
    let mut table = Table::new(&[
        ("ID", Align::Left),
        ("TENANT", Align::Left),
        ("CREATED", Align::Left),
        ("NAME", Align::Left),
    ]);
    for key in keys {
        let created = format!("{:.0}", key.created_at);
        table.row([key.id.clone(), key.tenant.to_string(), created, key.name.clone()]);
    }
    table.render(paint)
}
