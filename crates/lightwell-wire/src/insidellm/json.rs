//! InsideLLM's JSON: events joined into a request body.

/// Joins events that are already JSON into one body: the object itself for one, a list for more, in order.
///
/// Nothing is written for no event: there is no request to make.
pub fn join<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a [u8]>) {
    let many = items.len() > 1;
    if many {
        out.push(b'[');
    }
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    if many {
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_is_an_object_and_more_are_a_list() {
        let cases: [(&[&[u8]], &str); 3] =
            [(&[], ""), (&[b"{}"], "{}"), (&[b"{}", b"{\"a\":1}"], "[{},{\"a\":1}]")];
        for (items, body) in cases {
            let mut out = Vec::new();
            join(&mut out, items.iter().copied());
            assert_eq!(out, body.as_bytes());
        }
    }
}
