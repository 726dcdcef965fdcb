//! A page of text: the one place where text is escaped, wrapped and coloured.

use comfy_table::{ContentArrangement, Table, presets};

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

    /// Writes a coloured word and what follows it, wrapped and indented two columns more.
    pub(super) fn item(&mut self, indent: &str, colour: Colour, lead: &str, rest: &str) {
        let lead = escape::line(lead);
        let painted = self.context.style.paint(colour, &lead);
        let hidden = painted.len() - lead.len();
        let below = format!("{indent}  ");
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

    /// Writes a table; nothing if it has no rows.
    pub(super) fn table(&mut self, header: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let mut table = Table::new();
        match self.context.charset {
            Charset::Ascii => table.load_preset(presets::NOTHING),
            Charset::Utf8 => table.load_preset(presets::UTF8_FULL_CONDENSED),
        };
        match self.context.width {
            Some(width) => table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width.saturating_sub(4).max(MIN_TABLE_WIDTH)),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        table.set_header(header.iter().copied());
        for row in rows {
            table.add_row(row.iter().map(|cell| escape::line(cell)));
        }
        for line in table.lines() {
            // A column starts with a blank of padding: with it the table stands where the prose does.
            self.push_line(&format!("   {line}"));
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
