FROM swift:6.3-bookworm AS builder
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /museum
# Packages are downloaded again only when the manifest changes.
COPY Package.* ./
RUN swift package resolve
COPY . .
RUN swift build -c release --static-swift-stdlib --product skmuseum \
    && strip -o /skmuseum "$(swift build -c release --static-swift-stdlib --show-bin-path)/skmuseum"

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis0.14 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin museum
COPY --from=builder /skmuseum /usr/local/bin/skmuseum
# A numeric user, so that Kubernetes can verify that it isn't root.
USER 10001
EXPOSE 8080-8084
ENTRYPOINT ["skmuseum"]
CMD ["serve"]
