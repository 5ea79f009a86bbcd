//! Texts without regard to case.

/// The text in lower case, character by character: what contains another text ignoring case, contains it in this form. The
/// Greek sigma has one lower case in any place.
pub fn lower_case(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|char| if char == 'ς' { 'σ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_scripts_ignore_case() {
        for (text, expected) in [
            ("Production-1", "production-1"),
            ("ÄÖÜß", "äöüß"),
            ("ΌΣΟΣ", "όσοσ"),
            ("όσος", "όσοσ"),
            ("İ", "i\u{307}"),
            ("ДОМ", "дом"),
            ("CAFÉ", "café"),
            ("100 % \\_ 🦀", "100 % \\_ 🦀"),
        ] {
            assert_eq!(lower_case(text), expected);
        }
    }

    #[test]
    fn a_part_of_a_text_is_a_part_of_its_lower_case() {
        assert!(lower_case("ΟΔΟΣ ΑΒΓ").contains(&lower_case("ΟΔΟΣ")));
        assert!(lower_case("ΟΔΟΣΑΒΓ").contains(&lower_case("οδοσ")));
    }
}
