//! What stands in a picture: lanes, and in them bars and points in time.

/// A line of the picture: one actor or one partition.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Its name, short.
    pub name: String,
    /// What it is, whole.
    pub about: String,
    /// Of what kind.
    pub role: Role,
    /// What happened in it, in the order of its beginning.
    pub items: Vec<Item>,
    /// How much more happened than is kept.
    pub more: u64,
    /// Whether the outcome names it as the place of the mistake.
    pub marked: bool,
}

/// What a lane is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The actions of the check.
    Grader,
    /// The faults that were injected.
    Faults,
    /// An instance of a learner's program.
    Program,
    /// A partition of a topic.
    Partition,
}

/// Something that lasted, or happened at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// When it began, in nanoseconds since the run began.
    pub from: u64,
    /// When it ended; the same for a moment.
    pub to: u64,
    /// How it is drawn.
    pub look: Look,
    /// A word or a number for it. Not cleaned.
    pub label: String,
    /// A sentence on it. Not cleaned.
    pub words: String,
    /// How many things it stands for.
    pub count: u64,
}

impl Item {
    /// Something that lasted.
    pub fn bar(from: u64, to: u64, look: Look, label: impl Into<String>, words: impl Into<String>) -> Self {
        Self { from, to: to.max(from), look, label: label.into(), words: words.into(), count: 1 }
    }

    /// Something that happened.
    pub fn point(at: u64, look: Look, label: impl Into<String>, words: impl Into<String>) -> Self {
        Self::bar(at, at, look, label, words)
    }
}

macro_rules! looks {
    ($($look:ident $class:literal $unicode:literal $ascii:literal $meaning:literal,)*) => {
        /// How something is drawn. Each has a shape of its own: colour only repeats what the shape says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Look { $(#[doc = $meaning] $look,)* }

        impl Look {
            /// All of them, in the order of the legend.
            pub const ALL: [Self; [$($class),*].len()] = [$(Self::$look),*];

            /// Its name in the page's style sheet.
            #[must_use]
            pub fn class(self) -> &'static str { match self { $(Self::$look => $class,)* } }

            /// Its sign, in Unicode or in ASCII.
            #[must_use]
            pub fn sign(self, unicode: bool) -> char {
                match self { $(Self::$look => if unicode { $unicode } else { $ascii },)* }
            }

            /// What it means, for the legend.
            #[must_use]
            pub fn meaning(self) -> &'static str { match self { $(Self::$look => $meaning,)* } }
        }
    };
}

looks! {
    Action "action" '─' '-' "an action of the grader",
    Armed "armed" '▚' '~' "a fault at work",
    Running "running" '━' '=' "the program runs",
    Delivered "delivered" '█' '#' "delivered: from the POST to its answer",
    Held "held" '▒' '%' "being delivered: the answer was kept back",
    Refused "refused" '▓' 'X' "refused: answered with an error",
    Abandoned "abandoned" '░' ':' "given up before it was answered",
    CommitAt "commit-at" '◆' 'C' "commit of what was delivered",
    CommitBehind "commit-behind" '◁' '<' "commit of less than was delivered",
    CommitAhead "commit-ahead" '▶' '>' "commit of more than was delivered",
    CommitRefused "commit-refused" '×' 'x' "commit that the broker refused",
    Seen "seen" '○' 'o' "committed offset, as seen by the grader",
    Reset "reset" '↺' 'r' "offset set by the grader",
    Written "written" '↓' '+' "records written by the grader",
    Sent "sent" '↑' '^' "records sent by the program",
    Started "started" '┣' '[' "started",
    Joined "joined" '⊕' 'j' "joined its group",
    Left "left" '⊖' 'l' "left its group",
    Evicted "evicted" '⊗' 'e' "removed from its group by the grader",
    Signal "signal" '▼' 'v' "signal sent",
    Exited "exited" '┫' ']' "ended",
    Broker "broker" '↯' 'B' "a broker is stopped, killed or comes back",
    Used "used" '✦' '*' "a fault did something",
    Note "note" '!' '!' "worth a look",
}

impl Look {
    /// Whether it is a commit or the state that commits lead to: these stand below the deliveries.
    #[must_use]
    pub fn is_commit(self) -> bool {
        matches!(self, Self::CommitAt | Self::CommitBehind | Self::CommitAhead | Self::CommitRefused | Self::Seen | Self::Reset)
    }

    /// Whether it is one delivery or several.
    #[must_use]
    pub fn is_delivery(self) -> bool {
        matches!(self, Self::Delivered | Self::Held | Self::Refused | Self::Abandoned)
    }

    /// Whether it is how things should be, so that several may be drawn as one.
    #[must_use]
    pub fn is_usual(self) -> bool {
        !matches!(self, Self::Held | Self::CommitAhead | Self::Signal | Self::Armed | Self::Running)
    }

    /// What is drawn on top where several things share a place.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::CommitAhead => 9,
            Self::Broker | Self::Signal | Self::Exited | Self::CommitRefused => 8,
            Self::Refused | Self::Abandoned | Self::Used | Self::Note => 7,
            Self::Held => 6,
            Self::CommitAt | Self::CommitBehind | Self::Started | Self::Joined | Self::Left | Self::Evicted => 5,
            Self::Delivered | Self::Seen | Self::Sent => 4,
            Self::Reset | Self::Written => 3,
            Self::Armed => 2,
            Self::Action | Self::Running => 1,
        }
    }

    /// Several of them as one: a label and a sentence, from the first and the last label.
    #[must_use]
    pub fn many(self, count: u64, first: &str, last: &str) -> (String, String) {
        let span = if first == last { first.to_owned() } else { format!("{first}–{last}") };
        let words = match self {
            Self::Delivered => format!("{count} deliveries answered with 2xx (offsets {span})"),
            Self::Refused => format!("{count} deliveries refused (offsets {span})"),
            Self::Abandoned => format!("{count} deliveries given up (offsets {span})"),
            Self::CommitAt => format!("{count} commits of what was delivered (offsets {span})"),
            Self::CommitBehind => format!("{count} commits of less than was delivered (offsets {span})"),
            Self::CommitRefused => format!("{count} commits that the broker refused (offsets {span})"),
            Self::Seen => format!("the committed offset moves {count} times ({span})"),
            Self::Written => format!("the grader writes records, {count} times ({span})"),
            Self::Sent => format!("{count} requests with records ({span})"),
            _ => format!("{count} times: {} ({span})", self.meaning()),
        };
        (span, words)
    }
}
