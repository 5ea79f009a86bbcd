//! Versions of `OpenShift`, and upgrades from one to the next.

use std::fmt;

use crate::random::SeededRng;

const OLDEST_MINOR: u32 = 12;
const NEWEST_MINOR: u32 = 19;

/// A cluster's version, such as 4.15.11 or 4.18.0-rc.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    minor: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Released { patch: u32 },
    ReleaseCandidate(u32),
    EngineeringCandidate(u32),
    Nightly { month: u32, day: u32, second: u32 },
}

impl Version {
    /// Draws a version that is plausible for a customer's cluster: nine in ten are releases.
    pub(crate) fn draw(rng: &mut SeededRng) -> Self {
        let minor = rng.within(&(OLDEST_MINOR..=NEWEST_MINOR));
        let stage = match rng.below(100) {
            0..3 => Stage::ReleaseCandidate(rng.below(9)),
            3..6 => Stage::EngineeringCandidate(rng.below(7)),
            6..10 => {
                Stage::Nightly { month: rng.within(&(1..=12)), day: rng.within(&(1..=28)), second: rng.below(86_400) }
            }
            _ => Stage::Released { patch: rng.below(60) },
        };
        Self { minor, stage }
    }

    /// Draws a newer version: mostly a later patch, sometimes the next minor version.
    pub(crate) fn upgraded(self, rng: &mut SeededRng) -> Self {
        let next_minor = self.minor < NEWEST_MINOR && rng.percent(20);
        match self.stage {
            _ if next_minor => Self { minor: self.minor + 1, stage: Stage::Released { patch: rng.below(12) } },
            Stage::Released { patch } => {
                Self { stage: Stage::Released { patch: patch + rng.within(&(1..=4)) }, ..self }
            }
            _ => Self { stage: Stage::Released { patch: rng.below(3) }, ..self },
        }
    }

    /// The minor version of Kubernetes that it contains.
    pub(crate) fn kubernetes_minor(self) -> u32 {
        self.minor + 13
    }

    /// The year of its nightly builds.
    fn year(self) -> u32 {
        2022 + (self.minor - OLDEST_MINOR) / 2
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { minor, stage } = self;
        match stage {
            Stage::Released { patch } => write!(f, "4.{minor}.{patch}"),
            Stage::ReleaseCandidate(number) => write!(f, "4.{minor}.0-rc.{number}"),
            Stage::EngineeringCandidate(number) => write!(f, "4.{minor}.0-ec.{number}"),
            Stage::Nightly { month, day, second } => {
                let (year, hour, minute) = (self.year(), second / 3600, second / 60 % 60);
                let second = second % 60;
                write!(f, "4.{minor}.0-0.nightly-{year}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn a_version_is_written_as_openshift_writes_it() {
        let written = |minor, stage| Version { minor, stage }.to_string();
        assert_eq!(written(15, Stage::Released { patch: 11 }), "4.15.11");
        assert_eq!(written(18, Stage::ReleaseCandidate(3)), "4.18.0-rc.3");
        assert_eq!(written(19, Stage::EngineeringCandidate(0)), "4.19.0-ec.0");
        let nightly = Stage::Nightly { month: 8, day: 2, second: 11_565 };
        assert_eq!(written(16, nightly), "4.16.0-0.nightly-2024-08-02-031245");
    }

    #[test]
    fn an_upgrade_is_newer_and_at_most_the_newest_minor_version() {
        let mut rng = SeededRng::new(7, Purpose::Cluster, 0, 0);
        let mut version = Version { minor: OLDEST_MINOR, stage: Stage::EngineeringCandidate(2) };
        for _ in 0..200 {
            let next = version.upgraded(&mut rng);
            assert!(
                next.minor >= version.minor && next.minor <= NEWEST_MINOR && next != version,
                "{version} to {next}"
            );
            version = next;
        }
        assert_eq!(version.minor, NEWEST_MINOR);
    }
}
