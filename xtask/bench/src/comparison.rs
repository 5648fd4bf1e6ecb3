//! Compares the CPU costs of different stores in the same run of the benchmark.

use crate::figure::Figure;
use crate::scenario::floors;
use crate::store::Store;

/// Goal for the CPU time per delivery with two nodes, in percent of the CPU time with one node.
const TWO_NODES_GOAL: f64 = 115.0;

/// Returns comparisons of work that was measured on several stores. One node on PostgreSQL is compared with the
/// embedded store. Several nodes are compared with one node.
pub(crate) fn comparisons(figures: &[Figure]) -> Vec<Figure> {
    figures.iter().filter(|figure| figure.scenario != floors::NAME).filter_map(|figure| comparison(figure, figures)).collect()
}

fn comparison(figure: &Figure, figures: &[Figure]) -> Option<Figure> {
    let store = figure.store?;
    let (other, name) = match store {
        Store::Embedded => return None,
        Store::Postgres { nodes: 1 } => (Store::Embedded, "the embedded store"),
        Store::Postgres { .. } => (Store::Postgres { nodes: 1 }, "one node"),
    };
    let same = |other_figure: &&Figure| (other_figure.scenario, &other_figure.work) == (figure.scenario, &figure.work);
    let cost = figures.iter().filter(same).find(|figure| figure.store == Some(other))?.service_cpu()?;
    let ratios: Vec<f64> = figure.cpu.iter().map(|cpu| 100.0 * cpu.service() / cost).collect();
    if ratios.is_empty() {
        return None;
    }
    let work = format!("{}: {}, CPU compared with {name}", figure.scenario, figure.work);
    let compared = Figure { store: Some(store), ..Figure::new("cost", work, "%", ratios) };
    Some(if store == (Store::Postgres { nodes: 2 }) { compared.at_most(TWO_NODES_GOAL).for_all_stores() } else { compared })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Cpu;

    #[test]
    fn each_store_is_compared_with_a_smaller_one() {
        let figure = |work: &str, store, servers, database| {
            let cpu = vec![Cpu { servers, database, ..Cpu::default() }];
            Figure::new("drain", work, "/s", vec![1.0]).cpu(cpu).on(store)
        };
        let nodes = |nodes| Store::Postgres { nodes };
        let figures = [
            figure("a", Store::Embedded, 1.0, 0.0),
            figure("a", nodes(1), 1.0, 1.0),
            figure("a", nodes(2), 1.5, 1.0),
            figure("a", nodes(3), 1.0, 3.0),
            figure("b", nodes(2), 9.0, 9.0),
            Figure::new("drain", "without cost", "/s", vec![1.0]).on(nodes(1)),
        ];
        let compared = comparisons(&figures);
        let shown: Vec<_> = compared.iter().map(|figure| (figure.store, figure.values[0], figure.met())).collect();
        let expected = [(Some(nodes(1)), 200.0, None), (Some(nodes(2)), 125.0, Some(false)), (Some(nodes(3)), 200.0, None)];
        assert_eq!(shown, expected);
        assert_eq!(compared[1].work, "drain: a, CPU compared with one node");
    }
}
