//! Numbers as JavaScript writes and reads them.

/// The text of a number, as by JavaScript's `String`.
pub(super) fn to_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    // The shortest digits that are this number: `d.ddde-7`.
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    let before_point = usize::try_from(exponent + 1).unwrap_or_default();
    match exponent {
        0..=20 if digits.len() <= before_point => {
            let missing = zeros(exponent + 1 - i32::try_from(digits.len()).unwrap_or_default());
            format!("{sign}{digits}{missing}")
        }
        0..=20 => format!("{sign}{}.{}", &digits[..before_point], &digits[before_point..]),
        -6..=-1 => format!("{sign}0.{}{digits}", zeros(-exponent - 1)),
        _ => {
            let fraction = if digits.len() > 1 { format!(".{}", &digits[1..]) } else { String::new() };
            let plus = if exponent > 0 { "+" } else { "" };
            format!("{sign}{}{fraction}e{plus}{exponent}", &digits[..1])
        }
    }
}

/// The number that a text is, as by JavaScript's `Number`. `NaN` if it is not a number.
pub(super) fn of_text(text: &str) -> f64 {
    let text = text.trim();
    let digits = |radix| u64::from_str_radix(&text[2..], radix).map_or(f64::NAN, from_u64);
    match text.get(..2) {
        _ if text.is_empty() => 0.0,
        Some("0x" | "0X") => digits(16),
        Some("0o" | "0O") => digits(8),
        Some("0b" | "0B") => digits(2),
        _ => match text.strip_prefix(['+', '-']).unwrap_or(text) {
            "Infinity" if text.starts_with('-') => f64::NEG_INFINITY,
            "Infinity" => f64::INFINITY,
            unsigned if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                text.parse().unwrap_or(f64::NAN)
            }
            _ => f64::NAN,
        },
    }
}

/// The nearest number, as in JavaScript, which has no others.
#[expect(clippy::cast_precision_loss)]
pub(super) fn from_u64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by Node.js 22.
    #[test]
    fn numbers_have_the_texts_of_javascript() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-12.5, "-12.5"),
            (100.0, "100"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (0.1, "0.1"),
            (0.000_001, "0.000001"),
            (0.000_012_5, "0.0000125"),
            (1e-7, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(to_text(number), text);
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "infinity is not near itself")]
    fn texts_are_the_numbers_of_javascript() {
        for (text, number) in [
            ("", 0.0),
            (" 12 ", 12.0),
            ("-1.5e3", -1500.0),
            (".5", 0.5),
            ("0x1F", 31.0),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(of_text(text), number, "{text}");
        }
        for text in ["a", "1a", "inf", "nan", "NaN", "infinity", "--1", "0x", "1,5", "+", "."] {
            assert!(of_text(text).is_nan(), "{text}");
        }
    }
}
