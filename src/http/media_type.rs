//! Media types: what a body is said to be, and which of our two kinds of answer a client accepts.
//!
//! By RFC 9110: types come in lists, with parameters, wildcards and weights, in any case.

use axum::http::{HeaderMap, HeaderValue, header};

/// The kinds of answer that GraphQL over HTTP knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status tells whether the request was executed.
    GraphqlResponse,
    /// `application/json`: whatever GraphQL has to say comes with 200, as old clients expect.
    Json,
}

impl MediaType {
    /// The kind that a client accepts best, or `None` where it accepts neither. Who says nothing, or "anything", gets
    /// what every client reads; of two that are named and equal, the newer one.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let text = lines.collect::<Vec<_>>().join(",");
        if text.trim().is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<_> = split(&text, ',').filter_map(Range::parse).collect();
        match (Self::GraphqlResponse.weigh(&ranges), Self::Json.weigh(&ranges)) {
            (Some(new), Some(old)) if new > old || (new == old && new.is_named) => Some(Self::GraphqlResponse),
            (_, Some(_)) => Some(Self::Json),
            (Some(_), None) => Some(Self::GraphqlResponse),
            (None, None) => None,
        }
    }

    /// What stands in `Content-Type`.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    fn subtype(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "graphql-response+json",
            Self::Json => "json",
        }
    }

    /// How much this kind is wanted: what the closest range says of it. `None` where it is not wanted at all.
    fn weigh(self, ranges: &[Range<'_>]) -> Option<Weight> {
        let (closeness, quality) = ranges.iter().filter_map(|range| range.matches(self)).max()?;
        (quality > 0).then_some(Weight { quality, is_named: closeness == Closeness::Named })
    }
}

/// Whether a body is said to be JSON that we read: one of the two kinds, in UTF-8.
pub(super) fn is_json(content_type: &HeaderValue) -> bool {
    let range = content_type.to_str().ok().and_then(Range::parse);
    range.is_some_and(|range| {
        [MediaType::Json, MediaType::GraphqlResponse]
            .into_iter()
            .any(|kind| matches!(range.matches(kind), Some((Closeness::Named, _))))
    })
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight {
    /// In thousandths.
    quality: u16,
    is_named: bool,
}

/// How closely a range describes a type; a closer one counts before a wider one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Anything,
    AnyApplication,
    Named,
}

/// A media type, or one with a star, and its weight.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    is_utf8: bool,
    quality: u16,
}

impl<'a> Range<'a> {
    /// `None` for what is no media type; it is as if it were not there.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split(text, ';');
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Self { kind: kind.trim(), subtype: subtype.trim(), is_utf8: true, quality: 1_000 };
        for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("q") {
                range.quality = thousandths(value)?;
            } else if name.eq_ignore_ascii_case("charset") {
                range.is_utf8 = ["utf-8", "utf8"].iter().any(|utf8| value.trim_matches('"').eq_ignore_ascii_case(utf8));
            }
        }
        Some(range)
    }

    fn matches(&self, kind: MediaType) -> Option<(Closeness, u16)> {
        let closeness = if self.kind == "*" && self.subtype == "*" {
            Closeness::Anything
        } else if !self.kind.eq_ignore_ascii_case("application") || !self.is_utf8 {
            return None;
        } else if self.subtype == "*" {
            Closeness::AnyApplication
        } else if self.subtype.eq_ignore_ascii_case(kind.subtype()) {
            Closeness::Named
        } else {
            return None;
        };
        Some((closeness, self.quality))
    }
}

/// A weight, as `0.5`: from 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_short = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let decimals: u16 = if is_short { format!("{decimals:0<3}").parse().ok()? } else { return None };
    match (whole, decimals) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

/// The parts between separators, but for separators within quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(move |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        c == separator && !is_quoted
    });
    parts.map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(lines: &[&str]) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::ACCEPT, line.parse().expect("a header"));
        }
        MediaType::accepted(&headers)
    }

    #[test]
    fn the_kind_that_is_wanted_most_is_given() {
        use MediaType::{GraphqlResponse, Json};
        for (accept, kind) in [
            ("application/json", Json),
            ("application/graphql-response+json", GraphqlResponse),
            ("APPLICATION/GraphQL-Response+JSON ; Charset=\"UTF-8\"", GraphqlResponse),
            ("application/graphql-response+json, application/json", GraphqlResponse),
            ("application/json, application/graphql-response+json", GraphqlResponse),
            ("application/json, application/graphql-response+json;q=0.9", Json),
            ("application/graphql-response+json;q=0.8,application/json;q=0.81", Json),
            ("text/html, application/*;q=0.2, */*;q=0.1", Json),
            ("*/*", Json),
            ("application/json;q=0, */*", GraphqlResponse),
            ("application/json;q=0.1, */*;q=0.9", GraphqlResponse),
            ("application/graphql-response+json, */*", GraphqlResponse),
            ("application/json, */*", Json),
            ("nonsense, ;;;, application/json;profile=\"a,b;q=0\"", Json),
            ("", Json),
            (" ", Json),
        ] {
            assert_eq!(accepted(&[accept]), Some(kind), "{accept}");
        }
        assert_eq!(accepted(&[]), Some(Json));
        assert_eq!(accepted(&["text/html", "application/graphql-response+json"]), Some(GraphqlResponse));
    }

    #[test]
    fn who_accepts_neither_kind_gets_neither() {
        for accept in [
            "text/html",
            "application/xml, text/*",
            "application/json;charset=iso-8859-1",
            "application/json;q=0, application/graphql-response+json;q=0.000",
            "*/*;q=0",
            "application/json;q=2",
            "application/json;q=0.0001",
            "application/jsonp",
            "application",
        ] {
            assert_eq!(accepted(&[accept]), None, "{accept}");
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8_or_nothing_we_read() {
        let is_json = |text: &str| is_json(&text.parse().expect("a header"));
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/graphql-response+json",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/*",
            "*/*",
            "text/plain; application/json",
            "application/json; charset=latin1",
            "",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
