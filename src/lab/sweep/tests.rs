use super::*;
use crate::link::Direction;

fn rows(grid: &Grid) -> Vec<Row> {
    let cells = grid.cells();
    cells
        .iter()
        .map(|cell| cell.measure(grid).unwrap())
        .collect()
}

fn lossy() -> Grid {
    Grid {
        losses: vec![0.0, 5.0, 20.0],
        seeds: 2,
        link: "data.rate=5mbit;ack.loss=0%".to_owned(),
        ..Grid::small()
    }
}

#[test]
fn a_repeated_cell_of_the_grid_appears_once() {
    let grid = Grid {
        windows: vec![4, 16],
        ..Grid::small()
    };
    assert_eq!(grid.size(), 8);
    let cells = grid.cells();
    let lone = cells.iter().filter(|cell| cell.arq == Arq::StopAndWait);
    assert_eq!((lone.count(), cells.len()), (1, 7));
}

#[test]
fn a_row_contains_the_mean_of_its_seeds_between_minimum_and_maximum() {
    for row in rows(&lossy()) {
        assert!(
            row.least <= row.goodput && row.goodput <= row.most,
            "{row:?}"
        );
        assert!(row.resent < row.sent, "{row:?}");
    }
}

#[test]
fn the_formula_is_given_only_for_a_fixed_window() {
    let fixed = rows(&lossy());
    assert!(fixed.iter().all(|row| row.formula.is_some()));
    let controlled = Grid {
        controllers: vec![Congestion::Reno],
        arqs: vec![Arq::SelectiveRepeat],
        ..lossy()
    };
    assert!(rows(&controlled).iter().all(|row| row.formula.is_none()));
}

#[test]
fn the_link_parameters_of_the_grid_come_before_those_of_the_user() {
    let grid = lossy();
    let scenario = grid.cells()[4].scenario(&grid, 2).unwrap();
    assert_eq!(scenario.seed, 2);
    let loss = |way| scenario.conditions(way).loss;
    assert!((loss(Direction::Data) - 0.05).abs() < 1e-9);
    assert!(loss(Direction::Ack).abs() < 1e-9);
}

#[test]
fn a_table_states_once_the_values_that_all_rows_share() {
    let table = listing::table(&rows(&lossy()));
    let mut lines = table.lines();
    let shared = "controller fixed, delay 10 ms, bytes 100000";
    assert_eq!(lines.next(), Some(shared));
    let head = lines.next().unwrap();
    assert!(head.starts_with("protocol          window  loss"), "{head}");
    assert_eq!(lines.count(), 12);
    let widths: Vec<_> = table.lines().skip(1).map(str::len).collect();
    assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
}

#[test]
fn every_csv_row_has_as_many_fields_as_the_header() {
    let csv = listing::csv(&rows(&lossy()));
    let fields: Vec<_> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(fields, [14; 13]);
}

#[test]
fn measured_points_are_drawn_over_their_formula_and_controller_points_are_joined() {
    let grid = lossy();
    let chart = grid.chart(&rows(&grid), Across::of_grid(&grid), false);
    let names: Vec<_> = chart.panels[0]
        .series
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let formula = "formula";
    let arqs = Arq::ALL.map(Arq::name);
    assert_eq!(names, [&[formula; 4][..], &arqs].concat());
    assert!(chart.to_svg().is_ok());
}
