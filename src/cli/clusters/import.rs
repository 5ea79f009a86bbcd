//! `clusters import`: writes the values of a file, all or none.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{
    super::{Error, database, progress},
    import_file::{Format, ImportFile},
};
use crate::{
    config::Config,
    store::{Imported, Store},
};

/// Largest file in bytes, because it is read as a whole: about two million clusters.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Import the names, managed flags and statuses of clusters from a file.
///
/// The file is CSV with a header line, or has one JSON object per line. Its columns are `org_id`, `uuid`,
/// `display_name`, `managed` and `status`, in any order; an empty name or status is stored as missing. The values apply
/// while the organization owns the cluster, also to a cluster that has not reported yet. Of several lines for a cluster
/// the last one counts. If a line is invalid, nothing is written.
#[derive(Debug, Args)]
#[command(after_help = "Example of a file:\n  org_id,uuid,display_name,managed,status\n  \
    1,7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c,production,false,Active")]
pub(super) struct Import {
    /// The file. It has JSON lines if its name ends with .json, .jsonl or .ndjson, or if it begins with a brace.
    file: PathBuf,
    /// Report the same and write nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> Result<(), Error> {
        let bytes = self.read()?;
        let file = ImportFile::parse(Format::of(&self.file, &bytes), &bytes);
        drop(bytes);
        for (line, later) in &file.repeated {
            eprintln!("line {line}: ignored, because line {later} has the same cluster");
        }
        for invalid in &file.invalid {
            eprintln!("{invalid}");
        }
        if !file.invalid.is_empty() {
            return Err(Error::InvalidLines { invalid: file.invalid.len() });
        }
        let store = database::open(config).await?;
        let imported = self.write(&store, &file).await;
        store.close().await;
        let Imported { new, changed, unchanged } = imported?;
        let written = if self.dry_run { "; nothing is written (--dry-run)" } else { "" };
        println!("{new} new, {changed} changed, {unchanged} unchanged{written}");
        Ok(())
    }

    fn read(&self) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Io { context: format!("cannot read {}", self.file.display()), source };
        let bytes = fs::metadata(&self.file).map_err(failed)?.len();
        if bytes > MAX_BYTES {
            let file = self.file.display();
            return Err(Error::Usage(format!("{file} has {bytes} bytes, of at most {MAX_BYTES}: split the file")));
        }
        fs::read(&self.file).map_err(failed)
    }

    async fn write(&self, store: &Store, file: &ImportFile) -> Result<Imported, Error> {
        let bar = progress::bar(file.clusters.len() as u64, "importing clusters");
        let progress = |clusters| bar.inc(clusters as u64);
        let imported = store.import_clusters(&file.clusters, self.dry_run, progress).await;
        bar.finish_and_clear();
        imported.map_err(Error::Database)
    }
}
