//! A wrong clock for one process, with libfaketime.

use std::{fs, path::PathBuf, process::Command};

use tempfile::TempDir;

/// Debian's folder of the library, for any architecture.
const LIBRARIES: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// The clock of a process, which the test can correct while it runs.
pub(crate) struct FakedClock {
    library: PathBuf,
    file: PathBuf,
    _folder: TempDir,
}

impl FakedClock {
    /// A clock with this offset to the real one, as in `-2d`.
    pub(crate) fn new(offset: &str) -> Self {
        let folders =
            fs::read_dir(LIBRARIES).expect(LIBRARIES).filter_map(|entry| Some(entry.ok()?.path().join(LIBRARY)));
        let library = folders.into_iter().find(|path| path.exists()).unwrap_or_else(|| {
            panic!("{LIBRARY} is missing below {LIBRARIES}: run `make test`, or `services/install clock`")
        });
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Self { library, file: folder.path().join("offset"), _folder: folder };
        clock.set(offset);
        clock
    }

    /// Changes the offset.
    pub(crate) fn set(&self, offset: &str) {
        fs::write(&self.file, format!("{offset}\n")).expect("the offset is written");
    }

    /// Lets a command run with this clock.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        // Timeouts are measured with the monotonic clock, which is never wrong.
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}
