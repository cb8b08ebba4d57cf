//! One thing that is measured, however it is measured: by time, by allocations, or by instructions.

/// A thing to do many times, with its preparation kept out of the measurement.
pub struct Case {
    name: String,
    run: Box<Run>,
}

type Run = dyn FnMut(usize, &mut Meter<'_>);

/// What is given the work and measures it.
pub type Meter<'m> = dyn FnMut(&mut dyn FnMut()) + 'm;

impl Case {
    /// Work without preparation.
    pub fn new(name: impl Into<String>, mut work: impl FnMut() + 'static) -> Self {
        let run = move |times: usize, meter: &mut Meter<'_>| meter(&mut || (0..times).for_each(|_| work()));
        Self { name: name.into(), run: Box::new(run) }
    }

    /// Work on something made beforehand, such as a request.
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

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Does it so many times, inside of the meter.
    pub fn run(&mut self, times: usize, meter: &mut Meter<'_>) {
        (self.run)(times, meter);
    }
}
