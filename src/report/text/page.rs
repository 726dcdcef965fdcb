//! A page of text: the one place where text is escaped, wrapped and coloured.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::report::context::Colour;
use crate::report::{Charset, Context, escape};

/// Text that grows line by line. All that is handed to it is escaped here, so nobody else can forget to.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) context: &'a Context,
    text: String,
}

impl<'a> Page<'a> {
    pub(super) const fn new(context: &'a Context) -> Self {
        Self {
            context,
            text: String::new(),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Writes an empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Writes the title of a section.
    pub(super) fn section(&mut self, title: &str) {
        self.blank();
        self.item("  ", Colour::Bold, title, "");
    }

    /// Writes one paragraph, wrapped. A line feed in it is shown, so no stranger begins a line of ours.
    pub(super) fn prose(&mut self, indent: &str, text: &str) {
        self.wrap(indent, indent, text);
    }

    /// Writes a label, padded, and what it labels, wrapped below itself.
    pub(super) fn field(&mut self, label: &str, text: &str) {
        let label = format!("    {label:<9} ");
        let indent = " ".repeat(label.len());
        self.wrap(&label, &indent, text);
    }

    /// Writes a coloured word and what follows it, wrapped and indented two columns more; what stands in the
    /// indent, a number say, stands there once.
    pub(super) fn item(&mut self, indent: &str, colour: Colour, lead: &str, rest: &str) {
        let lead = escape::line(lead);
        let painted = self.context.style.paint(colour, &lead);
        let hidden = painted.len() - lead.len();
        let below = " ".repeat(indent.chars().count() + 2);
        self.wrap_hidden(
            Start {
                text: format!("{indent}{painted}"),
                hidden,
                is_empty: false,
            },
            &below,
            rest,
        );
    }

    /// Writes lines to paste: never wrapped, never coloured.
    pub(super) fn verbatim(&mut self, indent: &str, text: &str) {
        for line in text.lines() {
            self.push_line(&format!("{indent}{}", escape::line(line)));
        }
    }

    /// Writes a table, or a paragraph a row where its columns would have to break their words; nothing if it has
    /// no rows.
    pub(super) fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| escape::line(cell)).collect())
            .collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                let cells = cells.map(String::as_str).chain(header.get(column).copied());
                cells.map(least_width).max().unwrap_or(0) + PADDING
            })
            .collect();
        let room = self
            .context
            .width
            .map(|width| width.saturating_sub(4).max(MIN_TABLE_WIDTH));
        let borders = match self.context.charset {
            Charset::Ascii => 0,
            Charset::Utf8 => header.len() + 1,
        };
        if room.is_some_and(|room| widths.iter().sum::<usize>() + borders > room.into()) {
            self.paragraphs(header, &rows);
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
        table.set_header(header.iter().copied());
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
    fn paragraphs(&mut self, header: &[&str], rows: &[Vec<String>]) {
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
        let width = self.context.width.map_or(usize::MAX, usize::from);
        let mut line = start.text;
        let mut used = line.chars().count() - start.hidden;
        let mut is_empty = start.is_empty;
        for word in escape::line(text)
            .split(' ')
            .filter(|word| !word.is_empty())
        {
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
    use super::Page;
    use crate::facts::UnixTime;
    use crate::report::context::{Colour, Style};
    use crate::report::{Charset, Context};

    #[test]
    fn prose_is_wrapped_between_words_and_blocks_are_not() {
        let mut context = Context::plain(UnixTime::from_secs(0));
        context.width = Some(20);
        context.style = Style::Colour;
        let mut page = Page::new(&context);
        page.prose(
            "  ",
            "one two three four five a-word-longer-than-the-line six",
        );
        page.item("  ", Colour::Bad, "error", "one two three four");
        page.field("label", "some value");
        page.verbatim(
            "",
            "a line to paste that must stay whole\n\nand \x1b[1m another",
        );
        assert_eq!(
            page.into_text(),
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
        page.item("  5 ", Colour::Dim, "then", "one two three four");
        assert_eq!(page.into_text(), "  5 then one two\n      three four\n");
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
            page.table(&header, &rows);
            let text = page.into_text();
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
            page.table(&["host", "ok"], &rows);
            page.table(&["empty"], &[]);
            assert_eq!(page.into_text(), expected);
        }
    }
}
