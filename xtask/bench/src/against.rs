//! Compares two server programs. Each pair of runs measures one program directly after the other program. Other work of
//! the machine changes the ratio of the two results only a little.

use crate::figure::Figure;

/// Returns two figures for each measured figure: the ratio of the results, and the ratio of the CPU times of the
/// service. Each returned figure has one value for each pair of runs. Each ratio is the value of this checkout divided
/// by the value of the other program.
pub(crate) fn ratios(pairs: &[(Vec<Figure>, Vec<Figure>)]) -> Vec<Figure> {
    let Some((first, _)) = pairs.first() else { return Vec::new() };
    let values = |wanted: &Figure, value_of: fn(&Figure) -> Option<f64>| -> Option<Vec<f64>> {
        let find = |figures: &[Figure]| {
            let same = |figure: &&Figure| (figure.scenario, &figure.work, figure.store) == (wanted.scenario, &wanted.work, wanted.store);
            value_of(figures.iter().find(same)?).filter(|value| *value != 0.0)
        };
        pairs.iter().map(|(base, result)| Some(find(result)? / find(base)?)).collect()
    };
    let ratio = |wanted: &Figure, name: &str, value_of: fn(&Figure) -> Option<f64>| {
        let work = format!("{}, {name}", wanted.work);
        Some(Figure { store: wanted.store, ..Figure::new(wanted.scenario, work, "× base", values(wanted, value_of)?) })
    };
    let ratios_of =
        |figure| [ratio(figure, figure.unit, |figure| figure.values.first().copied()), ratio(figure, "service CPU", Figure::service_cpu)];
    first.iter().flat_map(ratios_of).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Cpu, median};

    #[test]
    fn each_pair_gives_a_ratio_and_the_median_is_shown() {
        let figure = |value, servers| {
            let cpu = vec![Cpu { servers, ..Cpu::default() }];
            Figure::new("register", "16 clients", "/s", vec![value]).cpu(cpu)
        };
        let only_base = || Figure::new("memory", "peak", "MB", vec![40.0]);
        let pair = |base, result| (vec![figure(base, 0.2), only_base()], vec![figure(result, 0.1)]);
        let ratios = ratios(&[pair(100.0, 110.0), pair(50.0, 60.0), pair(200.0, 200.0)]);
        let shown: Vec<_> = ratios.iter().map(|ratio| (ratio.work.as_str(), median(&ratio.values))).collect();
        assert_eq!(shown, [("16 clients, /s", 1.1), ("16 clients, service CPU", 0.5)], "a figure that one server lacks is omitted");
    }
}
