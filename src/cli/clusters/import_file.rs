//! The file of `clusters import`, as clusters or as reasons why lines are invalid.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
    str,
};

use csv::{ByteRecord, ReaderBuilder, Trim};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{
    domain::OrgId,
    store::{ImportKey, ImportedValues},
};

/// Most characters of a name or a status.
const MAX_CHARACTERS: usize = 255;
/// Extensions of the names of files with JSON lines.
const JSON_LINES: [&str; 3] = ["json", "jsonl", "ndjson"];
/// The mark with which some programs begin a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// CSV with a header line.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// A column of the file, by its name.
#[derive(Clone, Copy, Debug, EnumString, IntoStaticStr, PartialEq, Eq, VariantArray)]
#[strum(serialize_all = "snake_case")]
enum Column {
    OrgId,
    Uuid,
    DisplayName,
    Managed,
    Status,
}

/// The clusters of a file, and the lines that do not count.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ImportFile {
    /// The values of each cluster's last line.
    pub(super) clusters: BTreeMap<ImportKey, ImportedValues>,
    /// Lines that a later line of the same cluster replaces, each with the number of the next one.
    pub(super) repeated: Vec<(u64, u64)>,
    /// Lines without values.
    pub(super) invalid: Vec<InvalidLine>,
}

/// A line that cannot be imported.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(super) struct InvalidLine {
    /// Its number, from 1.
    line: u64,
    reason: Reason,
}

/// Why a line is invalid. Does not repeat its values, which are customers' data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("the first line must be a header with the names of the columns: org_id,uuid,display_name,managed,status")]
    NoHeader,
    #[error("the name of column {0} is unknown; the columns are org_id, uuid, display_name, managed and status")]
    UnknownColumn(usize),
    #[error("the column {0} occurs twice")]
    RepeatedColumn(&'static str),
    #[error("the column {0} is missing")]
    MissingColumn(&'static str),
    #[error("the line has {found} values, and the header {expected}")]
    WrongLength { found: usize, expected: usize },
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("the line is not a JSON object")]
    NotAnObject,
    #[error("{0} has a JSON value of the wrong type")]
    WrongType(&'static str),
    #[error("org_id must be a whole number from 1 to 4294967295, without leading zeros")]
    Organization,
    #[error("uuid is not a valid UUID")]
    Uuid,
    #[error("managed must be true or false")]
    Managed,
    #[error("{0} has more than {MAX_CHARACTERS} characters")]
    TooLong(&'static str),
    #[error("{0} contains NUL")]
    Nul(&'static str),
}

impl Format {
    /// The format of a file, by its name, else by its first character.
    pub(super) fn of(file: &Path, bytes: &[u8]) -> Self {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if JSON_LINES.iter().any(|name| extension.eq_ignore_ascii_case(name)) {
            return Self::JsonLines;
        }
        let begins_with_brace = without_mark(bytes).trim_ascii_start().starts_with(b"{");
        if begins_with_brace && !extension.eq_ignore_ascii_case("csv") { Self::JsonLines } else { Self::Csv }
    }
}

impl ImportFile {
    /// Reads all lines of a file.
    pub(super) fn parse(format: Format, bytes: &[u8]) -> Self {
        let mut lines = Lines::default();
        match format {
            Format::Csv => csv_lines(without_mark(bytes), &mut lines),
            Format::JsonLines => json_lines(without_mark(bytes), &mut lines),
        }
        lines.file
    }
}

/// What was read so far.
#[derive(Default)]
struct Lines {
    file: ImportFile,
    /// The number of the line of each cluster.
    numbers: BTreeMap<ImportKey, u64>,
}

impl Lines {
    fn add(&mut self, line: u64, cluster: Result<(ImportKey, ImportedValues), Reason>) {
        match cluster {
            Err(reason) => self.file.invalid.push(InvalidLine { line, reason }),
            Ok((key, values)) => {
                self.file.clusters.insert(key, values);
                match self.numbers.entry(key) {
                    Entry::Vacant(number) => drop(number.insert(line)),
                    Entry::Occupied(mut number) => self.file.repeated.push((number.insert(line), line)),
                }
            }
        }
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

fn csv_lines(bytes: &[u8], lines: &mut Lines) {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut columns: Option<Vec<Column>> = None;
    // Reading from memory does not fail, and a flexible reader accepts records of any length.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = record.position().map_or(0, csv::Position::line);
        match &columns {
            Some(columns) => lines.add(line, of_record(&record, columns)),
            None => match header(&record) {
                Ok(found) => columns = Some(found),
                Err(reason) => return lines.add(line, Err(reason)),
            },
        }
    }
    if columns.is_none() {
        lines.add(1, Err(Reason::NoHeader));
    }
}

/// The columns in the order of the header.
fn header(record: &ByteRecord) -> Result<Vec<Column>, Reason> {
    let named = |name: &[u8]| str::from_utf8(name).ok().and_then(|name| name.parse::<Column>().ok());
    let columns: Vec<_> = record.iter().map(named).collect();
    if columns.iter().all(Option::is_none) {
        return Err(Reason::NoHeader);
    }
    let unknown = columns.iter().position(Option::is_none);
    if let Some(place) = unknown {
        return Err(Reason::UnknownColumn(place + 1));
    }
    let columns: Vec<_> = columns.into_iter().flatten().collect();
    for column in Column::VARIANTS {
        match columns.iter().filter(|found| *found == column).count() {
            0 => return Err(Reason::MissingColumn(column.into())),
            1 => {}
            _ => return Err(Reason::RepeatedColumn(column.into())),
        }
    }
    Ok(columns)
}

fn of_record(record: &ByteRecord, columns: &[Column]) -> Result<(ImportKey, ImportedValues), Reason> {
    if record.len() != columns.len() {
        return Err(Reason::WrongLength { found: record.len(), expected: columns.len() });
    }
    let mut texts = [""; Column::VARIANTS.len()];
    for (bytes, column) in record.iter().zip(columns) {
        texts[*column as usize] = str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?;
    }
    cluster(texts)
}

fn json_lines(bytes: &[u8], lines: &mut Lines) {
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        if !line.trim_ascii().is_empty() {
            lines.add(number, of_object(line));
        }
    }
}

fn of_object(line: &[u8]) -> Result<(ImportKey, ImportedValues), Reason> {
    let line = str::from_utf8(line).map_err(|_| Reason::NotUtf8)?;
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return Err(Reason::NotAnObject) };
    if let Some(place) = object.keys().position(|name| name.parse::<Column>().is_err()) {
        return Err(Reason::UnknownColumn(place + 1));
    }
    let mut texts: [String; Column::VARIANTS.len()] = Default::default();
    for column in Column::VARIANTS {
        let value = object.get(<&str>::from(column)).ok_or(Reason::MissingColumn(column.into()))?;
        texts[*column as usize] = match (column, value) {
            (_, Value::String(text)) => text.clone(),
            (Column::OrgId, Value::Number(number)) => number.to_string(),
            (Column::Managed, Value::Bool(managed)) => managed.to_string(),
            (Column::DisplayName | Column::Status, Value::Null) => String::new(),
            _ => return Err(Reason::WrongType(column.into())),
        };
    }
    cluster(texts.each_ref().map(String::as_str))
}

/// A cluster from the texts of its columns, in the order of the enum.
fn cluster(texts: [&str; Column::VARIANTS.len()]) -> Result<(ImportKey, ImportedValues), Reason> {
    let [organization, uuid, display_name, managed, status] = texts.map(str::trim);
    let organization: OrgId = organization.parse().map_err(|_| Reason::Organization)?;
    let id = uuid.parse().map_err(|_| Reason::Uuid)?;
    let is_managed = match managed.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(Reason::Managed),
    };
    let display_name = text(Column::DisplayName, display_name)?;
    let status = text(Column::Status, status)?;
    Ok(((organization, id), ImportedValues { display_name, is_managed, status }))
}

/// A text of limited length; `None` if it is empty.
fn text(column: Column, text: &str) -> Result<Option<String>, Reason> {
    if text.contains('\0') {
        return Err(Reason::Nul(column.into()));
    }
    if text.chars().nth(MAX_CHARACTERS).is_some() {
        return Err(Reason::TooLong(column.into()));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests;
