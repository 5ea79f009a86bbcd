//! Finds the key that a misspelled one was probably meant to be.

/// Largest edit distance at which a key counts as a misspelling of another.
const MAX_EDIT_DISTANCE: usize = 3;

/// Returns the known key that differs least in spelling, or one with the same name in another section.
pub(super) fn similar_key<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let by_distance = known.clone().map(|known| (strsim::damerau_levenshtein(key, known), known)).min();
    match by_distance {
        Some((distance, nearest)) if distance <= MAX_EDIT_DISTANCE => Some(nearest),
        _ => known.into_iter().find(|known| without_section(known) == without_section(key)),
    }
}

fn without_section(key: &str) -> Option<&str> {
    key.rsplit('.').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_similar_key_is_found() {
        let similar =
            |key| similar_key(key, ["http.address", "ingest.batch_messages", "ingest.batch_bytes"].into_iter());
        assert_eq!(similar("ingest.batch_mesages"), Some("ingest.batch_messages"));
        assert_eq!(similar("htpp.adress"), Some("http.address"));
        assert_eq!(similar("kafka.batch_bytes"), Some("ingest.batch_bytes"), "in the wrong section");
        assert_eq!(similar("weather.tomorrow"), None);
    }
}
