//! Counting the objects of namespaces to which shown recommendations apply.

use std::collections::{BTreeSet, HashMap};

use sea_orm::{
    Condition, DbBackend, DbErr,
    sea_query::{CaseStatement, Expr, ExprTrait as _, Func, Query, SelectStatement},
};

use super::{
    columns::Column,
    error::Error,
    list::{ITEM, Row, subquery},
    pools::Store,
    visibility::shown_of_workloads,
};
use crate::{
    domain::{ClusterId, Digest, TotalRisk},
    identity::{Readable, Scope},
};

/// The name of the objects that are counted. Each has a row for each recommendation that applies to it.
pub(super) const COUNTED: &str = "o";
/// All risks, in the order in which they are counted.
const RISKS: [TotalRisk; 4] = [TotalRisk::Low, TotalRisk::Moderate, TotalRisk::Important, TotalRisk::Critical];

/// What identifies a namespace among those of all clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NamespaceKey {
    /// The cluster.
    pub cluster: ClusterId,
    /// The digest of the namespace's uid.
    pub uid: Digest,
}

/// The objects of a namespace, counted. Only recommendations that the viewer sees count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamespaceCounts {
    /// The objects to which at least one recommendation applies.
    pub objects: u64,
    /// The pairs of an object and a recommendation that applies to it, by the recommendation's risk.
    pairs: [u64; 4],
}

impl NamespaceCounts {
    /// The pairs of an object and a recommendation of this risk that applies to it.
    pub fn of(&self, risk: TotalRisk) -> u64 {
        let place = RISKS.iter().position(|other| *other == risk);
        place.map_or(0, |place| self.pairs[place])
    }

    /// The highest risk of a recommendation that applies to an object; `None` if none of them has content.
    pub fn highest(&self) -> Option<TotalRisk> {
        RISKS.into_iter().rev().find(|risk| self.of(*risk) > 0)
    }
}

/// Selects from the objects to which recommendations apply that are shown, with these recommendations.
fn shown_objects(scope: Scope) -> SelectStatement {
    let is_named = Expr::col(("recommendation", "id")).equals((COUNTED, "recommendation_id"));
    let mut objects = Query::select();
    objects
        .from_as("workload_object", COUNTED)
        .inner_join("recommendation", is_named)
        .cond_where(shown_of_workloads(scope, COUNTED));
    objects
}

/// Those of the namespace that is an item of a list.
pub(super) fn of_item(scope: Scope) -> SelectStatement {
    let is_of = |column| Expr::col((COUNTED, column)).equals((ITEM, column));
    let mut objects = shown_objects(scope);
    for column in ["cluster_id", "namespace_key", "org_id"] {
        objects.and_where(is_of(column));
    }
    objects
}

/// A number by which namespaces are ordered; `None` for another column.
pub(super) fn number_of(scope: Scope, column: &str) -> Option<Expr> {
    let of = |name: &'static str| Expr::col((COUNTED, name));
    let number = match column {
        "recommendations" => Func::count_distinct(of("recommendation_id")),
        "objects" => Func::count_distinct(of("object_key")),
        "total_risk" => Func::max(Expr::col(("recommendation", "total_risk"))),
        _ => return None,
    };
    Some(subquery(of_item(scope).expr(Expr::from(number).cast_as("bigint")).to_owned()))
}

/// A condition that rows of these namespaces meet, which an index has; and perhaps those of a few others, with the uid of
/// one and the cluster of another.
pub(super) fn among(keys: &[NamespaceKey], column: impl Fn(&'static str) -> Expr, backend: DbBackend) -> Condition {
    let clusters: BTreeSet<_> = keys.iter().map(|key| key.cluster).collect();
    let uids: BTreeSet<_> = keys.iter().map(|key| key.uid).collect();
    let uids = Column::Bytes(uids.iter().map(|uid| uid.as_bytes().to_vec()).collect());
    Condition::all()
        .add(Column::clusters(clusters).contains(column("cluster_id"), backend))
        .add(uids.contains(column("namespace_key"), backend))
}

impl Store {
    /// Counts the objects of some namespaces, in one statement. A namespace without shown recommendations is not in the
    /// result.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn namespace_counts(
        &self,
        scope: Scope,
        namespaces: &[NamespaceKey],
    ) -> Result<HashMap<NamespaceKey, NamespaceCounts>, Error> {
        let during = "counting objects";
        let of = |name: &'static str| Expr::col((COUNTED, name));
        let mut select = shown_objects(scope);
        select
            .exprs(["cluster_id", "namespace_key"].map(of))
            .expr(Func::count_distinct(of("object_key")))
            .cond_where(among(namespaces, of, self.backend()))
            .group_by_columns([(COUNTED, "cluster_id"), (COUNTED, "namespace_key")]);
        for risk in RISKS {
            let is_of = Expr::col(("recommendation", "total_risk")).eq(risk as i16);
            let pair: Expr = CaseStatement::new().case(is_of, 1).into();
            select.expr(Func::count(pair));
        }
        if let Readable::Organization(own) = scope.readable() {
            select.and_where(of("org_id").eq(own.as_i64()));
        }
        let read = |row: &mut Row<'_>| -> Result<(NamespaceKey, NamespaceCounts), DbErr> {
            let key = NamespaceKey { cluster: row.next()?, uid: row.next()? };
            let mut number = || Ok::<_, DbErr>(row.next::<i64>()?.unsigned_abs());
            let objects = number()?;
            Ok((key, NamespaceCounts { objects, pairs: [number()?, number()?, number()?, number()?] }))
        };
        let rows = self.query(scope.client(), select, during).await?;
        let counts = rows.iter().map(|row| read(&mut Row::new(row))).collect::<Result<_, _>>();
        counts.map_err(Error::during(during))
    }
}
