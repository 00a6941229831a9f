//! One row of the picture: cells, of which the most telling thing wins.

use console::{Color, Style as Paint};

use crate::report::terminal::Style;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The sign.
    pub sign: char,
    /// Its colour.
    pub color: Option<Color>,
    /// What wins when several things stand here.
    pub rank: u8,
}

const BLANK: Cell = Cell { sign: ' ', color: None, rank: 0 };

/// One row.
#[derive(Debug)]
pub struct Grid {
    cells: Vec<Cell>,
    style: Style,
}

impl Grid {
    /// An empty row.
    pub fn new(room: usize, style: Style) -> Self {
        Self { cells: vec![BLANK; room], style }
    }

    /// How many columns there are.
    pub fn room(&self) -> usize {
        self.cells.len()
    }

    /// Puts a sign in a column, unless something of more weight is there.
    pub fn put(&mut self, column: usize, cell: Cell) {
        if let Some(here) = self.cells.get_mut(column)
            && here.rank <= cell.rank
        {
            *here = cell;
        }
    }

    /// Writes text from a column on, if all of it fits before `end` with a column to spare. `over` writes over a bar, else only blanks are written over.
    pub fn write(&mut self, column: usize, end: usize, text: &str, color: Option<Color>, over: bool) {
        let length = text.chars().count();
        let spare = usize::from(!over && end < self.cells.len());
        let Some(cells) = self.cells.get_mut(column..column + length) else { return };
        let free = |cell: &Cell| over || cell.rank == 0 && cell.sign == ' ';
        // Wide letters would push the row out of line.
        let narrow = text.chars().all(|sign| console::measure_text_width(&sign.to_string()) == 1);
        if column + length + spare > end || length == 0 || !narrow || !cells.iter().all(free) {
            return;
        }
        for (cell, sign) in cells.iter_mut().zip(text.chars()) {
            *cell = Cell { sign, color: if over { cell.color } else { color }, rank: cell.rank.max(1) };
        }
    }

    /// The row as text.
    pub fn line(&self) -> String {
        let runs = self.cells.chunk_by(|a, b| a.color == b.color);
        let painted = runs.map(|run| {
            let text: String = run.iter().map(|cell| cell.sign).collect();
            match run.first().and_then(|cell| cell.color) {
                Some(color) => self.style.paint(&Paint::new().fg(color), &text),
                None => text,
            }
        });
        painted.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(sign: char, rank: u8) -> Cell {
        Cell { sign, color: None, rank }
    }

    #[test]
    fn what_weighs_more_wins_and_words_do_not_cover_it() {
        let mut grid = Grid::new(8, Style { color: false, ..Style::FILE });
        (0..4).for_each(|column| grid.put(column, cell('#', 4)));
        grid.put(2, cell('>', 9));
        grid.put(2, cell('o', 4));
        grid.write(3, 8, "23", None, false);
        assert_eq!(grid.line(), "##>#    ");
        grid.write(4, 8, "23", None, false);
        grid.write(6, 7, "45", None, false);
        assert_eq!(grid.line(), "##>#23  ");
        grid.put(99, cell('x', 9));
        grid.write(7, 99, "long", None, false);
        assert_eq!(grid.line(), "##>#23  ");
    }
}
