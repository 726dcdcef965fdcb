//! A page as text: the one place where text is escaped, wrapped and coloured.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::report::page::{Block, Cell, Item, LABEL_CHARS, Page, Place};
use crate::report::{Charset, Context, Tone, escape};

/// Returns a page as lines of text. All that stands in it is escaped here, so nobody else can forget to.
pub(super) fn render(page: &Page<'_>) -> String {
    let mut lines = Lines {
        context: page.context,
        beside: 0,
        text: String::new(),
    };
    for block in &page.blocks {
        lines.write(block);
    }
    lines.text
}

/// Text that grows line by line.
struct Lines<'a> {
    context: &'a Context,
    /// The column in which the text of the last item or field began.
    beside: usize,
    text: String,
}

impl Lines<'_> {
    fn write(&mut self, block: &Block) {
        match block {
            Block::Blank => self.text.push('\n'),
            Block::Title {
                tone,
                title,
                remark,
            } => self.item(&Item::new(0, *tone, title.clone(), remark.clone())),
            Block::Headline { tone, title, text } => {
                let title = escape::line(title);
                let painted = self.context.style.paint(*tone, &title);
                self.wrap_hidden(
                    Start {
                        hidden: painted.len() - title.len(),
                        text: format!("{painted}  "),
                        is_empty: false,
                    },
                    "  ",
                    &escape::line(text),
                );
            }
            Block::Section(title) => {
                self.text.push('\n');
                self.item(&Item::new(1, Tone::Strong, title.clone(), ""));
            }
            Block::Prose { place, text } => {
                let indent = self.indent(*place);
                let text = escape::line(text);
                self.wrap(&indent, &indent, &text);
            }
            Block::Item(item) => self.item(item),
            Block::Field { label, text } => {
                let label = format!("{}{label:<9} ", self.indent(FIELD));
                self.beside = label.chars().count();
                let text = escape::line(text);
                self.wrap(&label, &" ".repeat(self.beside), &text);
            }
            Block::Columns { label, rows } => self.columns(label, rows),
            Block::Paste { label, text } => {
                let lead = lead_of(label);
                for (place, line) in text.lines().enumerate() {
                    let lead = if place == 0 { &lead } else { &lead_of("") };
                    self.push_line(&format!("{lead} {}", escape::line(line)));
                }
            }
            Block::Table { header, rows } => self.table(header, rows),
            Block::Verbatim { place, text } => {
                let indent = self.indent(*place);
                for line in text.lines() {
                    self.push_line(&format!("{indent}{}", escape::line(line)));
                }
            }
        }
    }

    fn indent(&self, place: Place) -> String {
        " ".repeat(match place {
            Place::Level(level) => usize::from(level) * 2,
            Place::Beside => self.beside,
        })
    }

    /// Writes a coloured word and what follows it, wrapped and indented two columns more, or beside the word in a
    /// list where that has a column; a number before it stands there once.
    fn item(&mut self, item: &Item) {
        let mut indent = self.indent(item.place);
        if let Some(number) = item.number {
            indent.push_str(&format!("{number} "));
        }
        let lead = format!("{:<1$}", escape::line(&item.lead), item.lead_chars);
        let painted = self.context.style.paint(item.tone, &lead);
        let beside = indent.chars().count() + lead.chars().count() + 1;
        if item.place != Place::Beside {
            self.beside = beside;
        }
        let below = if item.lead_chars > 0 {
            beside
        } else {
            indent.chars().count() + 2
        };
        let rest = escape::line(&item.rest);
        self.wrap_hidden(
            Start {
                hidden: painted.len() - lead.len(),
                text: format!("{indent}{painted}"),
                is_empty: false,
            },
            &" ".repeat(below),
            &rest,
        );
    }

    /// Writes rows of cells behind a label, all but the last cell padded to its column; where that leaves the
    /// last one no room, it stands below.
    fn columns(&mut self, label: &str, rows: &[Vec<Cell>]) {
        let texts: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| escape::line(&cell.text)).collect())
            .collect();
        let last = texts.iter().map(Vec::len).max().unwrap_or(1).max(1) - 1;
        let widths: Vec<usize> = (0..last)
            .map(|column| {
                let cells = texts.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let first = lead_of("").chars().count() + 1;
        let at = first + widths.iter().map(|width| width + COLUMN_GAP).sum::<usize>();
        let is_below = self
            .width()
            .is_some_and(|width| last > 0 && at + MIN_LAST_CELL > width);
        self.beside = first;
        for (number, (row, texts)) in rows.iter().zip(&texts).enumerate() {
            let mut start = Start {
                text: lead_of(if number == 0 { label } else { "" }),
                hidden: 0,
                is_empty: false,
            };
            for ((cell, text), width) in row.iter().zip(texts).zip(&widths) {
                let painted = match cell.tone {
                    Some(tone) => self.context.style.paint(tone, text),
                    None => text.clone(),
                };
                start.hidden += painted.len() - text.len();
                let padding = width - text.chars().count() + COLUMN_GAP - 1;
                start
                    .text
                    .push_str(&format!(" {painted}{}", " ".repeat(padding)));
            }
            let text = texts.get(last).map_or("", String::as_str);
            if is_below {
                self.push_line(&start.text);
                let indent = " ".repeat(first + 3);
                if !text.is_empty() {
                    self.wrap(&indent, &indent, text);
                }
            } else {
                self.wrap_hidden(start, &" ".repeat(at), text);
            }
        }
    }

    /// Returns the width to wrap at: lines across a whole wide screen are hard to read.
    fn width(&self) -> Option<usize> {
        self.context.width.map(|width| width.min(MAX_WIDTH).into())
    }

    /// Writes a table, or a paragraph a row where its columns would have to break their words.
    fn table(&mut self, header: &[String], rows: &[Vec<String>]) {
        let words = |cells: &[String]| -> Vec<String> {
            cells.iter().map(|cell| escape::line(cell)).collect()
        };
        let header = words(header);
        let rows: Vec<Vec<String>> = rows.iter().map(|row| words(row)).collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                let cells = cells.chain(header.get(column));
                cells.map(|cell| least_width(cell)).max().unwrap_or(0) + PADDING
            })
            .collect();
        let room = self
            .context
            .width
            .map(|width| width.min(MAX_WIDTH).saturating_sub(4).max(MIN_TABLE_WIDTH));
        let borders = match self.context.charset {
            Charset::Ascii => 0,
            Charset::Utf8 => header.len() + 1,
        };
        if room.is_some_and(|room| widths.iter().sum::<usize>() + borders > room.into()) {
            self.paragraphs(&header, &rows);
            return;
        }
        let mut table = Table::new();
        match self.context.charset {
            Charset::Ascii => table.load_preset(presets::NOTHING),
            Charset::Utf8 => table.load_preset(presets::UTF8_FULL_CONDENSED),
        };
        match room {
            Some(room) => table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(room),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        table.set_header(&header);
        for row in &rows {
            table.add_row(row);
        }
        if room.is_some() {
            // No word is broken.
            table.set_constraints(widths.iter().map(|&width| {
                let width = u16::try_from(width).unwrap_or(u16::MAX);
                ColumnConstraint::LowerBoundary(Width::Fixed(width))
            }));
        }
        for line in table.lines() {
            // A column starts with a blank of padding: with it the table stands where the prose does.
            self.push_line(&format!("   {line}"));
        }
    }

    /// Writes the rows of a table one below the other, each cell behind the name of its column.
    fn paragraphs(&mut self, header: &[String], rows: &[Vec<String>]) {
        for row in rows {
            let cells: Vec<String> = header
                .iter()
                .zip(row)
                .map(|(name, cell)| format!("{name}: {cell}"))
                .collect();
            self.wrap("    ", "      ", &cells.join("; "));
        }
    }

    fn wrap(&mut self, first: &str, below: &str, text: &str) {
        self.wrap_hidden(
            Start {
                text: first.to_owned(),
                hidden: 0,
                is_empty: true,
            },
            below,
            text,
        );
    }

    /// Writes `start` and then `text` word by word; a word longer than the line is left whole.
    fn wrap_hidden(&mut self, start: Start, below: &str, text: &str) {
        let width = self.width().unwrap_or(usize::MAX);
        let mut line = start.text;
        let mut used = line.chars().count() - start.hidden;
        let mut is_empty = start.is_empty;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let chars = word.chars().count();
            if !is_empty && used + 1 + chars > width {
                self.push_line(&line);
                line.clear();
                line.push_str(below);
                used = below.chars().count();
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += chars;
            is_empty = false;
        }
        self.push_line(&line);
    }

    fn push_line(&mut self, line: &str) {
        self.text.push_str(line.trim_end_matches(' '));
        self.text.push('\n');
    }
}

/// The beginning of a line: escaped, maybe coloured.
struct Start {
    text: String,
    /// How many of its characters take no room on the screen.
    hidden: usize,
    /// Whether the first word follows without a blank.
    is_empty: bool,
}

/// Returns the beginning of a line at the first level, with its label.
fn lead_of(label: &str) -> String {
    format!("  {label:<LABEL_CHARS$}")
}

/// The blanks between two columns.
const COLUMN_GAP: usize = 3;

/// The last cell of a row stands below where it has less room than this.
const MIN_LAST_CELL: usize = 36;

/// Nothing is wrapped wider than this.
const MAX_WIDTH: u16 = 120;

/// Fields stand below the title of a section.
const FIELD: Place = Place::Level(2);

/// Returns the width below which a cell would break a word, or be a tall heap of them.
fn least_width(cell: &str) -> usize {
    let word = cell.split(' ').map(|word| word.chars().count()).max();
    word.unwrap_or(0)
        .max(cell.chars().count().min(MIN_CELL_WIDTH))
}

/// A cell is wrapped at this width, or wider.
const MIN_CELL_WIDTH: usize = 16;

/// The blanks beside each cell.
const PADDING: usize = 2;

/// Below this width a table is not made narrower: its columns would be a few letters each.
const MIN_TABLE_WIDTH: u16 = 40;

#[cfg(test)]
mod tests {
    use super::{Item, Page, Place, render};
    use crate::facts::UnixTime;
    use crate::report::context::{Style, Tone};
    use crate::report::{Charset, Context};

    #[test]
    fn prose_is_wrapped_between_words_and_blocks_are_not() {
        let mut context = Context::plain(UnixTime::from_secs(0));
        context.width = Some(20);
        context.style = Style::Colour;
        let mut page = Page::new(&context);
        page.prose(1, "one two three four five a-word-longer-than-the-line six");
        page.item(1, Tone::Bad, "error", "one two three four");
        page.field("label", "some value");
        page.verbatim(
            0,
            "a line to paste that must stay whole\n\nand \x1b[1m another",
        );
        assert_eq!(
            render(&page),
            "  one two three four\n  five\n  a-word-longer-than-the-line\n  six\n\
             \u{20} \x1b[1;31merror\x1b[0m one two\n    three four\n\
             \u{20}   label     some\n              value\n\
             a line to paste that must stay whole\n\nand \\u{1b}[1m another\n"
        );
    }

    #[test]
    fn a_number_before_an_item_is_not_repeated() {
        let mut context = Context::plain(UnixTime::from_secs(0));
        context.width = Some(20);
        let mut page = Page::new(&context);
        let item = Item::new(1, Tone::Faint, "then", "one two three four");
        page.push(item.numbered(5).in_columns(6));
        page.prose(Place::Beside, "five six seven");
        assert_eq!(
            render(&page),
            "  5 then   one two\n           three\n           four\n           five six\n           seven\n"
        );
    }

    #[test]
    fn no_word_of_a_table_is_broken() {
        let mut context = Context::plain(UnixTime::from_secs(0));
        context.charset = Charset::Utf8;
        let header = ["sender", "verdict", "until"];
        let rows = [
            ["strict", "deliver-unprotected", "a while, or two, or three"]
                .map(str::to_owned)
                .into(),
        ];
        for (width, expected) in [
            (66, "   ┌────────┬─────────────────────┬"),
            (60, "   ┌────────┬─────────────────────┬"),
            (
                50,
                "    sender: strict; verdict: deliver-unprotected;\n      until: a while, or two, or three\n",
            ),
        ] {
            context.width = Some(width);
            let mut page = Page::new(&context);
            page.table(header, rows.to_vec());
            let text = render(&page);
            assert!(text.starts_with(expected), "{width}\n{text}");
            assert!(text.contains("deliver-unprotected"), "{width}\n{text}");
            for line in text.lines() {
                assert!(line.chars().count() <= width.into(), "{line}");
            }
        }
    }

    #[test]
    fn tables_are_drawn_with_blanks_or_boxes() {
        let mut context = Context::plain(UnixTime::from_secs(0));
        let rows = [vec!["mx\u{202e}.test".to_owned(), "yes".to_owned()]];
        for (charset, expected) in [
            (
                Charset::Ascii,
                "    host             ok\n    mx\\u{202e}.test  yes\n",
            ),
            (
                Charset::Utf8,
                "   ┌─────────────────┬─────┐\n   │ host            ┆ ok  │\n   ╞═════════════════╪═════╡\n   \
                 │ mx\\u{202e}.test ┆ yes │\n   └─────────────────┴─────┘\n",
            ),
        ] {
            context.charset = charset;
            let mut page = Page::new(&context);
            page.table(["host", "ok"], rows.to_vec());
            page.table(["empty"], Vec::new());
            assert_eq!(render(&page), expected);
        }
    }
}
