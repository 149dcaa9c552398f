public import Contracts
public import Logging
import Metrics
public import ServiceLifecycle

/// A service's consumers, one for each partition in use; partitions that come into use later get theirs then.
public struct EventConsumers: Service {
    private let service: ServiceName
    private let partitions: Partitions
    private let configuration: ConsumerConfiguration
    private let refusals: RefusedWrites
    private let logger: Logger

    public init(service: ServiceName, partitions: Partitions, configuration: ConsumerConfiguration, logger: Logger) {
        self.service = service
        self.partitions = partitions
        self.configuration = configuration
        self.logger = logger
        var groupLogger = logger
        groupLogger[metadataKey: "group"] = "\(service.rawValue)"
        ShortenedStream.counter(of: service).increment(by: 0)
        refusals = RefusedWrites(of: service, logger: groupLogger)
    }

    public func run() async throws {
        await withDiscardingTaskGroup { group in
            var served: Set<String> = []
            while !Task.isShuttingDownGracefully && !Task.isCancelled {
                for partition in partitions.all where served.insert(partition).inserted {
                    var logger = logger
                    logger[metadataKey: "group"] = "\(service.rawValue)"
                    logger[metadataKey: "partition"] = "\(partition)"
                    let consumer = EventConsumer(
                        service: service, partition: partition, configuration: configuration, refusals: refusals, logger: logger)
                    group.addTask { await consumer.run() }
                }
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(100)) }
            }
        }
    }
}
