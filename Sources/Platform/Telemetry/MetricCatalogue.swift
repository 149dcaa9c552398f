/// Every metric of the program: its help text, and the buckets of the histograms.
///
/// Names follow the Prometheus conventions: one name for each measure, base units, `_total` for counters, and labels in place of
/// names for services and routes.
enum MetricCatalogue {
    static let help: [String: String] = [
        "skmuseum_http_requests_total": "HTTP requests that were answered.",
        "skmuseum_http_request_duration_seconds": "Time from a request's head to its response.",
        "skmuseum_http_requests_in_flight": "Requests that are being answered; above 2048 new ones are refused.",
        "skmuseum_http_requests_shed_total": "Requests refused with 503 because too many were in flight.",
        "skmuseum_http_connections": "Open client connections.",
        "skmuseum_http_connections_refused_total": "Client connections refused because of a limit.",
        "skmuseum_live_watchers": "Clients that watch a live stream.",
        "skmuseum_live_watchers_dropped_total": "Clients of live streams that were dropped because they did not read.",
        "skmuseum_redis_command_duration_seconds": "Time from sending Redis commands to the last of their replies.",
        "skmuseum_redis_primary_changes_total": "How often another Redis server was found to be primary.",
        "skmuseum_redis_memory_used_bytes": "Memory that a Redis server uses.",
        "skmuseum_redis_memory_limit_bytes": "Memory that a Redis server may use: maxmemory, else the machine's memory.",
        "skmuseum_consumer_events_applied_total": "Events that a consumer has applied and acknowledged.",
        "skmuseum_consumer_batch_size": "Events in one batch of a consumer.",
        "skmuseum_consumer_lag_events": "Events of a stream that a consumer group has not applied; counted up to 10000.",
        "skmuseum_consumer_lag_seconds": "Age of the oldest event of a stream that a consumer group has not applied.",
        "skmuseum_event_age_seconds": "Time from the writing of an event to its being applied.",
        "skmuseum_streams_shortened_total":
            "How often a stream ended before events that were applied: a failover has lost events.",
        "skmuseum_dead_letters": "Dead letters that are stored at present.",
        "skmuseum_dead_letters_total": "Events moved to the dead letters.",
        "skmuseum_writes_refused_total": "Writes that Redis refused: NOPERM, OOM, MISCONF, READONLY or NOREPLICAS.",
        "skmuseum_replication_wait_duration_seconds": "Time from sending writes to the reply of WAIT.",
        "skmuseum_replication_waits_unconfirmed_total": "Waits that ended without a replica that has the writes.",
        "skmuseum_circuit_state": "Circuit breaker in front of an upstream: 0 closed, 1 half-open, 2 open.",
        "skmuseum_reservation_batch_size": "Reservations in one call to Museum.",
        "skmuseum_bookings_reserved_again_total": "Bookings whose lost reservation was made again.",
        "skmuseum_bookings_without_seats_total": "Bookings without seats that Museum refuses to reserve again.",
        "skmuseum_seats_sold_total": "Seats reserved for bookings.",
        "skmuseum_seats_refused_total": "Seats that were asked for and refused, by reason.",
        "skmuseum_log_lines_dropped_total": "Log lines that could not be written.",
        "skmuseum_spans_exported_total": "Spans that the OTLP endpoint has accepted.",
        "skmuseum_spans_dropped_total": "Spans dropped because too many were waiting or the OTLP endpoint failed.",
    ]

    static let countBounds: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    static func secondsBounds(of label: String) -> [Double] {
        let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
        // After an outage of a service its events may be hours old.
        return label == "skmuseum_event_age_seconds" ? bounds + [10, 30, 60, 300, 1800, 7200] : bounds
    }
}
