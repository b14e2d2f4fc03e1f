//! The controlling terminal, drawn on below the cursor.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use indicatif::TermLike;
use terminal_size::terminal_size_of;

/// Where bars can be drawn while another program prints.
///
/// The cursor belongs to that program: it stands where the next line of it begins. So everything is
/// drawn in the lines below, and the cursor goes back to where it was. One line stays free for what
/// the other program prints next. What it prints beyond that may share a line with a bar, until the
/// bars are drawn anew.
#[derive(Debug)]
pub(super) struct Terminal {
    file: File,
    /// What was drawn since the last flush: lines of exactly the width of the terminal, one after
    /// the other.
    drawn: Mutex<String>,
}

impl Terminal {
    /// The terminal that this process, or whoever started it, is controlled by.
    pub(super) fn open() -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(NAME)?;
        Ok(Self {
            file,
            drawn: Mutex::default(),
        })
    }

    fn size(&self) -> (u16, u16) {
        let size = terminal_size_of(&self.file);
        size.map_or(USUAL, |(width, height)| (width.0.max(1), height.0.max(1)))
    }

    fn draw(&self, text: &str) {
        let text = text.chars().map(printable);
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.extend(text);
    }
}

/// Names and messages of strangers are shown here: no control sequences, and nothing that may be
/// wider than one column.
fn printable(character: char) -> char {
    match character {
        ' '..='~' => character,
        _ => '?',
    }
}

/// What puts these lines below the cursor, in place of whatever is there.
fn below(drawn: &str, width: usize) -> String {
    let mut bytes = String::from(ERASE_BELOW);
    let mut rest = drawn;
    let mut lines = 0;
    while !rest.is_empty() {
        // All of it is ASCII.
        let (line, next) = rest.split_at(width.min(rest.len()));
        bytes.push_str("\r\n");
        bytes.push_str(line.trim_end());
        lines += 1;
        rest = next;
    }
    if lines > 0 {
        bytes.push_str(&format!("\x1b[{lines}A\r"));
    }
    bytes
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.size().0
    }

    /// Half of the lines are left to the other program.
    fn height(&self) -> u16 {
        (self.size().1 / 2).max(1)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draw(text);
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.draw(text);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = std::mem::take(&mut *drawn);
        let bytes = below(&drawn, usize::from(self.width()));
        (&self.file).write_all(bytes.as_bytes())
    }

    // Every flush draws all lines anew, so where the last one ended does not matter.

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Unlike stdout, it cannot be redirected. On Windows, Terraform has switched control sequences on
/// for the console that both share.
const NAME: &str = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };

/// ECMA-48, *Erase in page*: from the cursor to the end.
const ERASE_BELOW: &str = "\x1b[J";

/// A terminal that does not tell how large it is.
const USUAL: (u16, u16) = (80, 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_below_the_cursor_and_the_cursor_goes_back() {
        assert_eq!(below("", 4), "\x1b[J");
        assert_eq!(below("ab  cd  ", 4), "\x1b[J\r\nab\r\ncd\x1b[2A\r");
        assert_eq!(below("abcd", 4), "\x1b[J\r\nabcd\x1b[1A\r");
    }

    #[test]
    fn nothing_that_a_stranger_wrote_controls_the_terminal() {
        let text: String = "a\x1b[2J\r\nü漢".chars().map(printable).collect();
        assert_eq!(text, "a?[2J????");
    }
}
