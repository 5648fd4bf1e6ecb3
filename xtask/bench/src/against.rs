//! One server against another, measured in turns: the ratio within each pair, whatever else the machine did.

use crate::figure::Figure;

/// Of each figure of both servers, result divided by base, one value a pair; and the same of the service's CPU.
pub(crate) fn ratios(pairs: &[(Vec<Figure>, Vec<Figure>)]) -> Vec<Figure> {
    let Some((first, _)) = pairs.first() else { return Vec::new() };
    let values = |what: &Figure, of: fn(&Figure) -> Option<f64>| -> Option<Vec<f64>> {
        let find = |figures: &[Figure]| {
            let same = |figure: &&Figure| (figure.scenario, &figure.work, figure.store) == (what.scenario, &what.work, what.store);
            of(figures.iter().find(same)?).filter(|value| *value != 0.0)
        };
        pairs.iter().map(|(base, result)| Some(find(result)? / find(base)?)).collect()
    };
    let ratio = |what: &Figure, name: &str, of: fn(&Figure) -> Option<f64>| {
        let work = format!("{}, {name}", what.work);
        Some(Figure { store: what.store, ..Figure::new(what.scenario, work, "× base", values(what, of)?) })
    };
    let of_figure =
        |figure| [ratio(figure, figure.unit, |figure| figure.values.first().copied()), ratio(figure, "service CPU", Figure::service_cpu)];
    first.iter().flat_map(of_figure).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Cpu, median};

    #[test]
    fn each_pair_gives_a_ratio_and_the_median_counts() {
        let figure = |value, servers| {
            let cpu = vec![Cpu { servers, ..Cpu::default() }];
            Figure::new("register", "16 clients", "/s", vec![value]).cpu(cpu)
        };
        let alone = || Figure::new("memory", "peak", "MB", vec![40.0]);
        let pair = |base, result| (vec![figure(base, 0.2), alone()], vec![figure(result, 0.1)]);
        let ratios = ratios(&[pair(100.0, 110.0), pair(50.0, 60.0), pair(200.0, 200.0)]);
        let shown: Vec<_> = ratios.iter().map(|ratio| (ratio.work.as_str(), median(&ratio.values))).collect();
        assert_eq!(shown, [("16 clients, /s", 1.1), ("16 clients, service CPU", 0.5)], "what one of them lacks is left out");
    }
}
