//! The result of the rules about workloads for one cluster at one time.

use std::collections::BTreeMap;

use super::{ClusterId, Details, Digest, OrgId, RuleHit, Selector, Timestamp, report::sorted_last_wins};

/// A validated workload result, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadResult {
    /// The organization that owns the cluster according to this result.
    pub organization: OrgId,
    /// The cluster that the rules checked.
    pub cluster: ClusterId,
    /// When the rules ran; it orders the workload results of a cluster.
    pub last_checked: Timestamp,
    hits: Vec<RuleHit>,
    namespaces: Vec<Namespace>,
    digest: Digest,
}

/// A recommendation that applies to workloads of a cluster.
#[derive(Clone, Debug)]
pub struct WorkloadHit {
    /// The recommendation.
    pub selector: Selector,
    /// The template data, the same for all objects; `None` if the message has none.
    pub details: Option<Details>,
    /// The objects to which it applies, in the order of the message.
    pub objects: Vec<ListedObject>,
}

/// An object as a message lists it. Any text may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedObject {
    /// The name of its namespace.
    pub namespace: String,
    /// What identifies its namespace.
    pub namespace_uid: String,
    /// Its kind, such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What identifies it, unless empty.
    pub uid: String,
}

/// A namespace with at least one object to which a recommendation applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// What identifies it within its cluster; may be empty.
    pub uid: String,
    /// The first name in the message, or the uid where it has none.
    pub name: String,
    /// Equal for two namespaces with the same name and objects.
    pub digest: Digest,
    objects: Objects,
}

/// The objects of a namespace, by recommendation and key.
type Objects = BTreeMap<(Selector, Digest), WorkloadObject>;

/// An object in a namespace. Any text may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadObject {
    /// Its kind, such as `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What identifies it, unless empty.
    pub uid: String,
}

impl WorkloadResult {
    /// A result for `cluster` with these hits. If several have the same selector, the last one counts. If a hit lists an
    /// object of a namespace repeatedly, the first one counts.
    pub fn new(organization: OrgId, cluster: ClusterId, last_checked: Timestamp, hits: Vec<WorkloadHit>) -> Self {
        let counted = last_of_each(hits);
        let namespaces = namespaces(&counted);
        let hits = counted.into_iter().map(|hit| RuleHit::new(hit.selector, hit.details)).collect();
        let hits = sorted_last_wins(hits);
        let of_hits = hits.iter().flat_map(|hit| [hit.selector.as_str().as_bytes(), hit.digest.as_bytes().as_slice()]);
        // The number of hits says where the namespaces begin.
        let hit_count = hits.len().to_be_bytes();
        let of_namespaces =
            namespaces.iter().flat_map(|namespace| [namespace.uid.as_bytes(), namespace.digest.as_bytes()]);
        let digest = Digest::of_parts(std::iter::once(hit_count.as_slice()).chain(of_hits).chain(of_namespaces));
        Self { organization, cluster, last_checked, hits, namespaces, digest }
    }

    /// The recommendations with their details, ordered by selector; each selector occurs once.
    pub fn hits(&self) -> &[RuleHit] {
        &self.hits
    }

    /// The namespaces, ordered by uid; each uid occurs once.
    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// Equal for two results with the same hits, details, namespaces and objects, regardless of their order in the
    /// message.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Namespace {
    /// The key of the namespace with this uid, of a fixed length.
    pub fn key_of(uid: &str) -> Digest {
        Digest::of(uid.as_bytes())
    }

    /// Its key.
    pub fn key(&self) -> Digest {
        Self::key_of(&self.uid)
    }

    /// The objects, each with the recommendation that applies to it and its key, ordered by these. An object to which
    /// several apply occurs with each of them.
    pub fn objects(&self) -> impl Iterator<Item = (&Selector, Digest, &WorkloadObject)> {
        self.objects.iter().map(|((selector, key), object)| (selector, *key, object))
    }
}

impl WorkloadObject {
    /// The key, of a fixed length: the uid identifies an object; kind and name do where it has none.
    pub fn key(&self) -> Digest {
        if self.uid.is_empty() {
            Digest::of_parts([self.kind.as_bytes(), self.name.as_bytes()])
        } else {
            Digest::of_parts([self.uid.as_bytes()])
        }
    }
}

/// The last hit of each selector, in the order of the message.
fn last_of_each(hits: Vec<WorkloadHit>) -> Vec<WorkloadHit> {
    let last: BTreeMap<_, _> = hits.iter().enumerate().map(|(place, hit)| (hit.selector.clone(), place)).collect();
    let is_last = |(place, hit): &(usize, WorkloadHit)| last.get(&hit.selector) == Some(place);
    hits.into_iter().enumerate().filter(is_last).map(|(_, hit)| hit).collect()
}

fn namespaces(hits: &[WorkloadHit]) -> Vec<Namespace> {
    let mut by_uid: BTreeMap<&str, (&str, Objects)> = BTreeMap::new();
    for hit in hits {
        for listed in &hit.objects {
            let (name, objects) = by_uid.entry(&listed.namespace_uid).or_default();
            if name.is_empty() {
                *name = &listed.namespace;
            }
            let ListedObject { kind, name, uid, .. } = listed.clone();
            let object = WorkloadObject { kind, name, uid };
            objects.entry((hit.selector.clone(), object.key())).or_insert(object);
        }
    }
    let namespace = |(uid, (name, objects)): (&str, (&str, Objects))| {
        let name = if name.is_empty() { uid } else { name };
        let digest = digest_of_namespace(name, &objects);
        Namespace { uid: uid.to_owned(), name: name.to_owned(), digest, objects }
    };
    by_uid.into_iter().map(namespace).collect()
}

fn digest_of_namespace(name: &str, objects: &Objects) -> Digest {
    let of_objects = objects.iter().flat_map(|((selector, _), WorkloadObject { kind, name, uid })| {
        [selector.as_str(), kind, name, uid].map(str::as_bytes)
    });
    Digest::of_parts(std::iter::once(name.as_bytes()).chain(of_objects))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(namespace: &str, kind: &str, name: &str, uid: &str) -> ListedObject {
        let (name_of_namespace, namespace_uid) = namespace.split_once('=').expect("name=uid");
        ListedObject {
            namespace: name_of_namespace.into(),
            namespace_uid: namespace_uid.into(),
            kind: kind.into(),
            name: name.into(),
            uid: uid.into(),
        }
    }

    fn hit(selector: &str, objects: Vec<ListedObject>) -> WorkloadHit {
        WorkloadHit { selector: selector.parse().expect("a selector"), details: None, objects }
    }

    fn result(hits: Vec<WorkloadHit>) -> WorkloadResult {
        let cluster = "7f6e2c1a-4b1d-4c0e-9a55-0d1f2e3a4b5c".parse().expect("uuid");
        let last_checked = "2024-05-02T08:15:59Z".parse().expect("time");
        WorkloadResult::new(OrgId::try_from(1).expect("organization"), cluster, last_checked, hits)
    }

    /// Uid and name of each namespace, with the selector, kind, name and uid of each object.
    fn texts(result: &WorkloadResult) -> Vec<(String, Vec<String>)> {
        let text = |(selector, _, object): (&Selector, Digest, &WorkloadObject)| {
            format!("{selector} {}/{}/{}", object.kind, object.name, object.uid)
        };
        let namespace = |namespace: &Namespace| {
            (format!("{}={}", namespace.name, namespace.uid), namespace.objects().map(text).collect())
        };
        result.namespaces().iter().map(namespace).collect()
    }

    #[test]
    fn a_namespace_has_the_first_name_of_the_message_or_its_uid() {
        let hits = vec![
            hit(
                "a|A",
                vec![object("=1", "Pod", "p", "x"), object("shop=1", "Pod", "p", "y"), object("=2", "", "", "")],
            ),
            hit("b|B", vec![object("other=1", "Pod", "p", "x")]),
            hit("c|C", vec![]),
        ];
        let result = result(hits);
        let names: Vec<_> = texts(&result).into_iter().map(|(name, objects)| (name, objects.len())).collect();
        assert_eq!(names, [("shop=1".to_owned(), 3), ("2=2".to_owned(), 1)]);
        assert_eq!(result.hits().len(), 3, "also the one without objects");
    }

    #[test]
    fn an_object_is_identified_by_its_uid_or_else_by_kind_and_name() {
        let listed = vec![
            object("n=1", "Pod", "first", "x"),
            object("n=1", "Job", "second", "x"),
            object("n=1", "Pod", "same", ""),
            object("n=1", "Pod", "same", ""),
            object("n=1", "Job", "same", ""),
        ];
        let (_, mut objects) = texts(&result(vec![hit("a|A", listed)])).remove(0);
        objects.sort();
        assert_eq!(objects, ["a|A Job/same/", "a|A Pod/first/x", "a|A Pod/same/"]);
    }

    #[test]
    fn of_two_hits_with_one_selector_the_last_counts_with_its_objects() {
        let twice = vec![
            hit("a|A", vec![object("gone=1", "Pod", "p", "x")]),
            hit("a|A", vec![object("kept=2", "Pod", "p", "x")]),
        ];
        let names: Vec<_> = texts(&result(twice)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["kept=2"]);
    }

    #[test]
    fn the_digest_depends_on_all_that_is_stored_but_not_on_the_order() {
        let [one, two] = [object("n=1", "Pod", "p", "x"), object("n=1", "Pod", "q", "y")];
        let digest = |hits: Vec<WorkloadHit>| result(hits).digest();
        let both = digest(vec![hit("a|A", vec![one.clone(), two.clone()]), hit("b|B", vec![])]);
        assert_eq!(both, digest(vec![hit("b|B", vec![]), hit("a|A", vec![two.clone(), one.clone()])]));
        let renamed = ListedObject { name: "other".into(), ..two.clone() };
        for other in [
            vec![hit("a|A", vec![one.clone(), two.clone()])],
            vec![hit("a|A", vec![one.clone()]), hit("b|B", vec![])],
            vec![hit("a|A", vec![one.clone()]), hit("b|B", vec![two])],
            vec![hit("a|A", vec![one, renamed]), hit("b|B", vec![])],
            vec![],
        ] {
            assert_ne!(both, digest(other.clone()), "{other:?}");
        }
    }
}
