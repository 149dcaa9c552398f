extension ReservationRepairWorker {
    /// When it looks, and how far back.
    struct Timing: Sendable {
        /// From the session's beginning to the first look.
        var first = Duration.seconds(10)
        /// From each look to the next.
        var next = Duration.seconds(20)
        /// How old a booking must be: a younger one may be REQUESTED because its completion is under way.
        var age = Duration.seconds(10)
        /// How far before the session's beginning the first look begins.
        var lookback = Duration.seconds(60)
        /// Between pages.
        var pause = Duration.milliseconds(10)
        /// How often bookings that Museum has refused are tried again: their exhibition may have more seats by now.
        var refused = Duration.seconds(30)
    }
}
