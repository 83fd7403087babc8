//! Loudness windows from the audio-level header extension (RFC 6464).

use std::time::Duration;

use crate::event::Level;

pub const WINDOW: Duration = Duration::from_millis(100);
pub const SILENCE: u8 = 127;

/// What one track sent since the last window closed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    packets: u32,
    voiced: u32,
    /// SILENCE minus the loudest level, so that the default is silence.
    above_silence: u8,
}

impl Window {
    /// True if this is the window's first packet.
    pub fn add(&mut self, level: u8, voice: bool) -> bool {
        self.packets += 1;
        self.voiced += u32::from(voice);
        self.above_silence = self.above_silence.max(SILENCE - level.min(SILENCE));
        self.packets == 1
    }

    /// Loudest level and share of voiced packets; None if nothing was sent. Starts the next window.
    pub fn close(&mut self) -> Option<(u8, f32)> {
        let w = std::mem::take(self);
        (w.packets > 0).then(|| (SILENCE - w.above_silence, w.voiced as f32 / w.packets as f32))
    }
}

/// Decides which windows of a room are worth telling: all but silence after silence.
#[derive(Debug, Default)]
pub struct Meter {
    was_loud: bool,
}

impl Meter {
    pub fn worth_telling(&mut self, levels: &[Level]) -> bool {
        let loud = levels.iter().any(|l| l.loudest < SILENCE);
        std::mem::replace(&mut self.was_loud, loud) || loud
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_keeps_the_loudest_and_the_share_of_voice() {
        let mut w = Window::default();
        assert_eq!(w.close(), None);
        assert!(w.add(60, true));
        assert!(!w.add(30, false));
        assert_eq!(w.close(), Some((30, 0.5)));
        assert!(w.add(127, false));
        assert_eq!(w.close(), Some((127, 0.0)));
    }

    #[test]
    fn silence_is_told_once() {
        let level = |loudest| [Level { track: "TR".into(), loudest, voice: 0.0 }];
        let mut m = Meter::default();
        assert!(!m.worth_telling(&level(127)));
        assert!(m.worth_telling(&level(40)));
        assert!(m.worth_telling(&level(127)), "the end of sound");
        assert!(!m.worth_telling(&[]));
    }
}
