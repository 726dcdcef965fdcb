//! A page: what is said to people, as a list of blocks, before any renderer decides how it looks.
//!
//! A block knows what it is and how it stands: a level instead of an indent, a tone instead of a colour. Wrapping,
//! escaping, colours and boxes are the renderer's: see `text`. Its words may be those of strangers: a renderer
//! escapes them.

use super::{Context, Tone};

/// Blocks that come one after the other.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// What the content depends on besides the report: the time, how much to say.
    pub(super) context: &'a Context,
    pub(super) blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Block {
    /// A gap between two blocks.
    Blank,
    /// What the page, or the part of it that begins here, is about; then a remark.
    Title {
        tone: Tone,
        title: String,
        remark: String,
    },
    /// What the page is about in a few words, and then the rest of its first line.
    Headline {
        tone: Tone,
        title: String,
        text: String,
    },
    /// The title of a section.
    Section(String),
    /// One paragraph.
    Prose { place: Place, text: String },
    /// An entry of a list.
    Item(Item),
    /// A label, and what it labels; without a label, more of the field before.
    Field { label: &'static str, text: String },
    /// A label, and beside it rows of cells in columns.
    Columns {
        label: &'static str,
        rows: Vec<Vec<Cell>>,
    },
    /// A label, and beside it a line to paste.
    Paste { label: &'static str, text: String },
    /// Rows that are as long as the header, at least one.
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    /// Lines to paste, or to leave as they are.
    Verbatim { place: Place, text: String },
}

/// Where a block stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// So deep: it belongs to the block before it that is less deep.
    Level(u8),
    /// Beside the lead of the item or the label of the field before it, as what follows these does.
    Beside,
}

impl From<u8> for Place {
    fn from(level: u8) -> Self {
        Self::Level(level)
    }
}

/// A cell of a column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Cell {
    /// `None` for text as any other.
    pub(super) tone: Option<Tone>,
    pub(super) text: String,
}

impl Cell {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self {
            tone: None,
            text: text.into(),
        }
    }

    pub(super) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone: Some(tone),
            text: text.into(),
        }
    }
}

/// How wide the labels at the first level are.
pub(super) const LABEL_CHARS: usize = 8;

/// An entry of a list: a word that catches the eye, and what follows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) number: Option<u8>,
    pub(super) tone: Tone,
    pub(super) lead: String,
    /// How wide the longest lead of the list is, where what follows them stands in a column.
    pub(super) lead_chars: usize,
    pub(super) rest: String,
}

impl Item {
    pub(super) fn new(
        place: impl Into<Place>,
        tone: Tone,
        lead: impl Into<String>,
        rest: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            number: None,
            tone,
            lead: lead.into(),
            lead_chars: 0,
            rest: rest.into(),
        }
    }

    pub(super) const fn numbered(mut self, number: u8) -> Self {
        self.number = Some(number);
        self
    }

    pub(super) const fn in_columns(mut self, lead_chars: usize) -> Self {
        self.lead_chars = lead_chars;
        self
    }
}

impl<'a> Page<'a> {
    pub(super) const fn new(context: &'a Context) -> Self {
        Self {
            context,
            blocks: Vec::new(),
        }
    }

    pub(super) fn blank(&mut self) {
        self.blocks.push(Block::Blank);
    }

    pub(super) fn title(
        &mut self,
        tone: Tone,
        title: impl Into<String>,
        remark: impl Into<String>,
    ) {
        self.blocks.push(Block::Title {
            tone,
            title: title.into(),
            remark: remark.into(),
        });
    }

    pub(super) fn headline(
        &mut self,
        tone: Tone,
        title: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.blocks.push(Block::Headline {
            tone,
            title: title.into(),
            text: text.into(),
        });
    }

    /// Adds a paragraph behind a label.
    pub(super) fn labelled(&mut self, tone: Tone, label: &'static str, text: impl Into<String>) {
        self.push(Item::new(1, tone, label, text).in_columns(LABEL_CHARS));
    }

    /// Adds rows of cells behind a label; nothing if there are none.
    pub(super) fn columns(&mut self, label: &'static str, rows: Vec<Vec<Cell>>) {
        if !rows.is_empty() {
            self.blocks.push(Block::Columns { label, rows });
        }
    }

    /// Adds a line to paste behind a label.
    pub(super) fn paste(&mut self, label: &'static str, text: impl Into<String>) {
        self.blocks.push(Block::Paste {
            label,
            text: text.into(),
        });
    }

    pub(super) fn section(&mut self, title: &str) {
        self.blocks.push(Block::Section(title.into()));
    }

    pub(super) fn prose(&mut self, place: impl Into<Place>, text: impl Into<String>) {
        self.blocks.push(Block::Prose {
            place: place.into(),
            text: text.into(),
        });
    }

    pub(super) fn item(
        &mut self,
        place: impl Into<Place>,
        tone: Tone,
        lead: impl Into<String>,
        rest: impl Into<String>,
    ) {
        self.push(Item::new(place, tone, lead, rest));
    }

    pub(super) fn push(&mut self, item: Item) {
        self.blocks.push(Block::Item(item));
    }

    pub(super) fn field(&mut self, label: &'static str, text: impl Into<String>) {
        self.blocks.push(Block::Field {
            label,
            text: text.into(),
        });
    }

    /// Adds a table; nothing if it has no rows.
    pub(super) fn table(
        &mut self,
        header: impl IntoIterator<Item = impl Into<String>>,
        rows: Vec<Vec<String>>,
    ) {
        if !rows.is_empty() {
            let header = header.into_iter().map(Into::into).collect();
            self.blocks.push(Block::Table { header, rows });
        }
    }

    pub(super) fn verbatim(&mut self, place: impl Into<Place>, text: impl Into<String>) {
        self.blocks.push(Block::Verbatim {
            place: place.into(),
            text: text.into(),
        });
    }
}
