//! A benchmark case, which can be measured by time, by allocations or by instructions.

/// Work that is repeated and measured. Its preparation is not measured.
pub struct Case {
    name: String,
    run: Box<Run>,
}

type Run = dyn FnMut(usize, &mut Meter<'_>);

/// A function that receives the work, runs it and measures it.
pub type Meter<'m> = dyn FnMut(&mut dyn FnMut()) + 'm;

impl Case {
    /// Creates a case without preparation.
    pub fn new(name: impl Into<String>, mut work: impl FnMut() + 'static) -> Self {
        let run = move |times: usize, meter: &mut Meter<'_>| {
            meter(&mut || (0..times).for_each(|_| work()))
        };
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Creates a case whose work uses a prepared value, such as a request.
    pub fn prepared<T>(
        name: impl Into<String>,
        mut prepare: impl FnMut() -> T + 'static,
        mut work: impl FnMut(T) + 'static,
    ) -> Self {
        let run = move |times: usize, meter: &mut Meter<'_>| {
            let mut things: Vec<T> = (0..times).map(|_| prepare()).collect();
            meter(&mut || things.drain(..).for_each(&mut work));
        };
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs the work `times` times inside the meter.
    pub fn run(&mut self, times: usize, meter: &mut Meter<'_>) {
        (self.run)(times, meter);
    }
}
