//! Questions of the class on the page: the run at its moment, and, for the teacher, a
//! question of the quiz for the class.

use super::{Command, Content, Laboratory, Setup, Task, View};
use crate::lab::assignment;
use crate::lab::class_question;
use crate::lab::journal::Journal;
use crate::lab::player::Player;
use crate::lab::run::Experiment;
use crate::wire::message::Assignment;

impl Laboratory {
    /// Whether the user is the teacher, and may ask the class.
    pub const fn set_teacher(&mut self, is_teacher: bool) {
        self.is_teacher = is_teacher;
    }

    /// The same.
    #[must_use]
    pub const fn is_teacher(&self) -> bool {
        self.is_teacher
    }

    /// A question of the class: its run, after this many entries. While the question is
    /// open, the event log ends there; once the answers are shown, the run continues.
    pub fn stop_at(&mut self, journal: Journal, index: usize, goes_on: bool) {
        self.setup = Setup::of(&journal.heading);
        let mut player = Player::journal(journal);
        player.go_to(index);
        if goes_on {
            player.play();
        }
        self.leave();
        self.put(Content::Player(Box::new(player)));
        (self.is_asked, self.card) = (!goes_on, None);
        self.settle();
        self.view = View::Ladder;
        let sentence = if goes_on {
            "The run continues from the moment of the question."
        } else {
            "The run is paused at the moment of the question."
        };
        self.say(sentence.to_owned());
    }

    /// A class exercise, after the prediction: the run from its beginning.
    pub fn open_exercise(&mut self, assignment: &Assignment) {
        let Ok(experiment) = assignment::experiment(assignment) else {
            return; // It was checked before the user was asked.
        };
        let mut player = Player::simulation(Experiment {
            listening: true,
            ..experiment
        });
        self.setup = Setup::of(player.heading());
        player.play();
        self.leave();
        self.put(Content::Player(Box::new(player)));
        (self.is_asked, self.card) = (false, None);
        self.settle();
        self.view = View::Ladder;
        self.say("The class exercise: compare the run with your prediction.".to_owned());
    }

    /// The shown question of the quiz, for the class.
    pub(super) fn ask_class(&mut self) -> Result<(), String> {
        let Content::Quiz(quiz) = &self.content else {
            return Ok(());
        };
        let number = quiz.place().0;
        let experiment = self.setup.experiment()?;
        let assignment = Assignment {
            link: experiment.scenario.to_string(),
            arq: experiment.arq,
            window: experiment.window,
            congestion: experiment.congestion,
            segment_bytes: experiment.segment_bytes,
            size: experiment.size,
        };
        let moment = u32::try_from(number).unwrap_or(u32::MAX);
        class_question::moment(&assignment, moment)
            .map_err(|error| format!("Cannot ask the class this question: {error}."))?;
        let command = Command::AskClass { assignment, moment };
        self.tasks.push(Task::OfController(command));
        self.say(
            "The question was sent. The chat shows the reply of the server.".to_owned(),
        );
        Ok(())
    }
}
