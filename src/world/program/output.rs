//! One stream's bytes made into a bounded number of lines.
//!
//! The first [`HEAD`] bytes are shown line by line as they come. After that the stream is sampled: once a second, and at the end,
//! the last [`TAIL`] bytes, with a [`ProgramEvent::Cut`] that says how much was left out before them. When all that was shown
//! reaches [`TOTAL`], only the end is shown. A program that prints moderately loses nothing; one that prints 1 GB costs 1 MiB.

use std::time::{Duration, Instant};

use super::reporter::{ProgramEvent, Stream};

/// Bytes of one line; the rest of the line is cut.
const LINE: usize = 32 * 1024;
/// Bytes shown as they come.
const HEAD: usize = 256 * 1024;
/// Bytes kept of what is not shown as it comes.
const TAIL: usize = 64 * 1024;
/// Bytes shown before the end in all.
const TOTAL: usize = 1024 * 1024;
/// Time between samples.
const SAMPLE: Duration = Duration::from_secs(1);
/// What a line costs beside its bytes, so that empty lines are not free.
const LINE_COST: usize = 32;

/// Makes lines of one stream's bytes.
#[derive(Debug)]
pub(super) struct Lines {
    stream: Stream,
    partial: Vec<u8>,
    /// Bytes of the present line that were cut.
    over: u64,
    shown: usize,
    cut: Option<Cutting>,
}

/// The stream when it is only sampled.
#[derive(Debug)]
struct Cutting {
    since: Instant,
    /// All bytes since the last sample, those in `tail` included.
    bytes: u64,
    /// The last bytes; at most twice [`TAIL`], so that dropping the old half is rare.
    tail: Vec<u8>,
    /// Whether `tail` begins inside a line.
    mid_line: bool,
}

impl Lines {
    pub fn new(stream: Stream) -> Self {
        Self { stream, partial: Vec::new(), over: 0, shown: 0, cut: None }
    }

    /// Takes bytes as they were read.
    pub fn feed(&mut self, mut bytes: &[u8], now: Instant, emit: &mut dyn FnMut(ProgramEvent)) {
        while self.cut.is_none() && !bytes.is_empty() {
            if self.shown >= HEAD {
                self.cut = Some(self.begin_cut(now, emit));
                break;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len().min(LINE)));
            self.push(piece);
            bytes = rest;
            if end.is_some() {
                bytes = bytes.get(1..).unwrap_or_default();
                self.end_line(emit);
            }
        }
        if let Some(cut) = &mut self.cut
            && !bytes.is_empty()
        {
            cut.push(bytes);
            self.sample(now, emit);
        }
    }

    /// When the next sample is due, if one is.
    pub fn due(&self) -> Option<Instant> {
        self.cut.as_ref().filter(|cut| cut.bytes > 0 && self.shown < TOTAL).map(|cut| cut.since + SAMPLE)
    }

    /// Shows a sample when one is due.
    pub fn sample(&mut self, now: Instant, emit: &mut dyn FnMut(ProgramEvent)) {
        if self.due().is_some_and(|due| due <= now) {
            self.show_tail(now, false, emit);
        }
    }

    /// The stream is at its end, or its process is: shows what is still held back.
    pub fn finish(&mut self, now: Instant, emit: &mut dyn FnMut(ProgramEvent)) {
        if self.cut.is_some() {
            self.show_tail(now, true, emit);
        }
        if !self.partial.is_empty() {
            self.end_line(emit);
        }
    }

    /// From here on the stream is sampled; a line that is short so far is kept for the first sample.
    fn begin_cut(&mut self, now: Instant, emit: &mut dyn FnMut(ProgramEvent)) -> Cutting {
        let mid_line = self.over > 0;
        if mid_line {
            self.end_line(emit);
        }
        let tail = std::mem::take(&mut self.partial);
        Cutting { since: now, bytes: tail.len() as u64, tail, mid_line }
    }

    /// Shows the whole lines of the tail, and its unfinished last line when no more will come.
    fn show_tail(&mut self, now: Instant, end: bool, emit: &mut dyn FnMut(ProgramEvent)) {
        let Some(Cutting { bytes, tail, mut mid_line, .. }) = self.cut.take() else { return };
        let mut kept = tail.get(tail.len().saturating_sub(TAIL)..).unwrap_or_default();
        mid_line |= (kept.len() as u64) < bytes;
        if mid_line && let Some(line_end) = kept.iter().position(|byte| *byte == b'\n') {
            kept = kept.get(line_end + 1..).unwrap_or_default();
            mid_line = false;
        } else if mid_line {
            kept = &[];
        }
        let left_out = bytes - kept.len() as u64;
        if left_out > 0 {
            emit(ProgramEvent::Cut { stream: self.stream, bytes: left_out });
        }
        let whole = if end { kept.len() } else { kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) };
        let (lines, rest) = kept.split_at(whole);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.push(line.strip_suffix(b"\n").unwrap_or(line));
            self.end_line(emit);
        }
        self.cut = Some(Cutting { since: now, bytes: rest.len() as u64, tail: rest.to_vec(), mid_line });
    }

    fn push(&mut self, piece: &[u8]) {
        let room = LINE - self.partial.len().min(LINE);
        let taken = piece.get(..room).unwrap_or(piece);
        self.partial.extend_from_slice(taken);
        self.over += (piece.len() - taken.len()) as u64;
        self.shown += piece.len();
    }

    fn end_line(&mut self, emit: &mut dyn FnMut(ProgramEvent)) {
        let mut line = std::mem::take(&mut self.partial);
        let over = std::mem::take(&mut self.over);
        if over > 0 {
            // Do not show half a character as a broken one.
            if let Err(error) = std::str::from_utf8(&line)
                && error.error_len().is_none()
            {
                line.truncate(error.valid_up_to());
            }
        } else if line.last() == Some(&b'\r') {
            line.pop();
        }
        self.shown += LINE_COST;
        emit(ProgramEvent::Line { stream: self.stream, text: String::from_utf8_lossy(&line).into_owned() });
        if over > 0 {
            emit(ProgramEvent::Cut { stream: self.stream, bytes: over });
        }
    }
}

impl Cutting {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let bytes = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or(bytes);
        if self.tail.len() + bytes.len() > 2 * TAIL {
            let old = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..old);
            let old = (self.tail.len() + bytes.len()).saturating_sub(2 * TAIL);
            self.tail.drain(..old);
        }
        self.tail.extend_from_slice(bytes);
    }
}
