use lightwell_model::{Fragment, FragmentKind, Generation, Merge};
use proptest::prelude::*;

use super::any;

fn merged(stored: &Generation, arrived: Generation) -> Generation {
    match Generation::merge(stored, arrived) {
        Merge::Merged(whole) => *whole,
        other => panic!("expected a merge, got {other:?}"),
    }
}

proptest! {
    #[test]
    fn halves_merge_to_the_same_whole_in_either_order(
        start in any::told_as(FragmentKind::Start),
        end in any::told_as(FragmentKind::End),
    ) {
        let whole = merged(&start, end.clone());
        prop_assert_eq!(&whole, &merged(&end, start));
        prop_assert!(!whole.is_open() && !whole.lacks_start());
    }

    #[test]
    fn three_parts_merge_to_the_same_whole_in_every_order(
        start in any::told_as(FragmentKind::Start),
        chunk in any::told_as(FragmentKind::Chunk),
        first in any::moment(),
        end in any::told_as(FragmentKind::End),
    ) {
        // As they really are: a chunk tells of its moment, a request does not answer.
        let chunk = Generation { fragments: chunk.fragments, first_token_at: Some(first), ..Generation::default() };
        let start = Generation { output: vec![], artifacts: vec![], ..start };
        let expected = merged(&merged(&start, chunk.clone()), end.clone());
        let parts = [start, chunk, end];
        for [a, b, c] in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let whole = merged(&merged(&parts[a], parts[b].clone()), parts[c].clone());
            prop_assert_eq!(&whole, &expected);
        }
    }

    #[test]
    fn a_fragment_again_changes_nothing(
        start in any::told_as(FragmentKind::Start),
        end in any::told_as(FragmentKind::End),
    ) {
        let whole = merged(&start, end.clone());
        prop_assert_eq!(Generation::merge(&whole, start), Merge::Duplicate);
        prop_assert_eq!(Generation::merge(&whole, end), Merge::Duplicate);
    }

    #[test]
    fn a_known_fragment_with_another_content_is_a_conflict(whole in any::told_as(FragmentKind::Whole)) {
        let digest = lightwell_model::ContentId::of(b"something else");
        let fragments = whole.fragments.iter().map(|f| Fragment { digest, ..f.clone() }).collect();
        let other = Generation { fragments, ..whole.clone() };
        prop_assert!(matches!(Generation::merge(&whole, other), Merge::Conflict(_)));
    }

    #[test]
    fn nothing_joins_a_record_that_came_whole(
        whole in any::told_as(FragmentKind::Whole),
        end in any::told_as(FragmentKind::End),
    ) {
        prop_assert!(matches!(Generation::merge(&whole, end.clone()), Merge::Conflict(_)));
        prop_assert!(matches!(Generation::merge(&end, whole), Merge::Conflict(_)));
    }
}
