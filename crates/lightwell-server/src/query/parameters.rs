//! Query parameters, read strictly: a misspelt filter would otherwise answer another question.

use std::fmt::Display;
use std::str::FromStr;

use http::Uri;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use jiff::tz::TimeZone;
use lightwell_store::Filter;
use utoipa::IntoParams;

use crate::error::Refusal;

/// The parameters of [`Filter`].
pub(crate) const FILTER: [&str; 8] = ["from", "until", "agent", "model", "provider", "user", "error", "tag"];

/// Which generations. Parameters are combined with "and".
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document; they are read one by one")]
pub(crate) struct FilterParameters {
    /// Not before this moment: RFC 3339, or a date (midnight UTC).
    from: Option<String>,
    /// Before this moment: RFC 3339, or a date (midnight UTC).
    until: Option<String>,
    /// Agent name, exactly.
    agent: Option<String>,
    /// Model name as it was asked for, exactly.
    model: Option<String>,
    /// Provider, exactly.
    provider: Option<String>,
    /// User id, exactly.
    user: Option<String>,
    /// `true`: what failed. `false`: what did not. Of conversations: those in which anything failed, or nothing.
    error: Option<bool>,
    /// `key=value`; may be repeated, all must be there.
    tag: Option<Vec<String>>,
}

/// The parameters of `GET /api/v1/delivery`.
pub(crate) const DELIVERY: [&str; 6] = ["since", "product", "only_missing", "quiet_after", "limit", "cursor"];

/// Which processes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters in the OpenAPI document; they are read one by one")]
pub(crate) struct DeliveryParameters {
    /// Only processes that were heard of since this moment: RFC 3339, or a date (midnight UTC).
    since: Option<String>,
    /// Only processes of this product: `sigil`, `insidellm`.
    product: Option<String>,
    /// `true`: only processes of which something is missing.
    only_missing: Option<bool>,
    /// After so many seconds of silence, what a process said it held counts as missing, unless it lies on its disk. 60 unless told.
    quiet_after: Option<u32>,
    /// Processes in the answer, at most; 1000 unless told, 10 000 at most. The totals are those of all.
    limit: Option<usize>,
    /// `next_cursor` of the page before. What is heard of meanwhile is at the beginning, on the first page.
    cursor: Option<String>,
}

/// The parameters of one request.
pub(crate) struct Parameters {
    given: Vec<(&'static str, String)>,
}

impl Parameters {
    /// Reads the parameters. One that is not among `known` is refused.
    pub fn of(uri: &Uri, known: &[&'static str]) -> Result<Self, Refusal> {
        let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .map(|(name, value)| match known.iter().find(|known| **known == name) {
                Some(known) => Ok((*known, value.into_owned())),
                None => Err(Refusal::UnknownQuery { parameter: name.into_owned(), known: known.join(", ") }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { given })
    }

    /// A parameter's value; the last one counts, an empty one does not.
    pub fn take(&mut self, name: &'static str) -> Option<String> {
        let mut last = None;
        self.given.retain_mut(|(given, value)| {
            if *given == name {
                last = Some(std::mem::take(value));
            }
            *given != name
        });
        last.filter(|value| !value.is_empty())
    }

    /// A parameter's value, read.
    pub fn parse<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let parsed = value.parse();
        parsed.map(Some).map_err(|error: T::Err| Refusal::Query {
            parameter: name,
            why: format!("is {value:?}: {error}"),
        })
    }

    /// The parameters of [`Filter`].
    pub fn filter(&mut self) -> Result<Filter, Refusal> {
        Ok(Filter {
            from: self.moment("from")?,
            until: self.moment("until")?,
            agent: self.take("agent"),
            model: self.take("model"),
            provider: self.take("provider"),
            user: self.take("user"),
            error: self.parse("error")?,
            tags: self.tags()?,
        })
    }

    /// A moment, or a date's midnight.
    pub fn moment(&mut self, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
        let moment = value.parse().or_else(|_| value.parse::<Date>().and_then(midnight));
        moment.or_else(|error| end_of_time(&value).ok_or(error)).map(Some).map_err(|_| Refusal::Query {
            parameter: name,
            why: format!("is {value:?}; use 2026-11-22T08:00:00Z or 2026-11-22"),
        })
    }

    fn tags(&mut self) -> Result<Vec<(String, String)>, Refusal> {
        let given = std::mem::take(&mut self.given);
        let (tags, rest) = given.into_iter().partition(|(name, _)| *name == "tag");
        self.given = rest;
        let pair = |(_, tag): (_, String)| match tag.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(Refusal::Query { parameter: "tag", why: format!("is {tag:?}; use key=value") }),
        };
        Vec::into_iter(tags).map(pair).collect()
    }
}

/// 9999-12-31 is what people write for "no end", and a little more than a [`Timestamp`] can be.
fn end_of_time(value: &str) -> Option<Timestamp> {
    let date = Pieces::parse(value).ok()?.date();
    (date > Timestamp::MAX.to_zoned(TimeZone::UTC).date()).then_some(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<Filter, Refusal> {
        Parameters::of(&format!("/?{query}").parse().unwrap(), &FILTER)?.filter()
    }

    #[test]
    fn every_parameter_is_read() {
        let filter = filter(
            "from=2026-11-22&until=2026-11-22T09:30:00%2B01:00&agent=a%20b&model=m&provider=p&user=u&error=true&tag=k=v&tag=e=x=y",
        );
        let expected = Filter {
            from: Some("2026-11-22T00:00:00Z".parse().unwrap()),
            until: Some("2026-11-22T08:30:00Z".parse().unwrap()),
            agent: Some("a b".into()),
            model: Some("m".into()),
            provider: Some("p".into()),
            user: Some("u".into()),
            error: Some(true),
            tags: vec![("k".into(), "v".into()), ("e".into(), "x=y".into())],
        };
        assert_eq!(filter.unwrap(), expected);
    }

    #[test]
    fn the_end_of_time_is_one() {
        for until in ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999%2B01:00"] {
            assert_eq!(filter(&format!("until={until}")).unwrap().until, Some(Timestamp::MAX), "{until}");
        }
        assert!(filter("until=9999-13-31").is_err());
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for (query, names) in
            [("agnet=a", "agnet"), ("from=yesterday", "from"), ("error=maybe", "error"), ("tag=k", "tag")]
        {
            let refusal = filter(query).unwrap_err().to_string();
            assert!(refusal.contains(names), "{refusal}");
        }
        assert_eq!(filter("agent=&from=").unwrap(), Filter::default());
    }
}
