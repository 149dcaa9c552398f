FROM swift:6.3-bookworm AS builder
# Debian's archive removes superseded versions, so no version is pinned.
# hadolint ignore=DL3008
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

# Debian without Perl, apt, character set converters and caches, which the program does not use. Files that a later layer removes still
# count, so what is left is copied into an empty image.
FROM debian:bookworm-slim AS root
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis0.14 \
    && groupadd --system --gid 10001 museum \
    && useradd --system --uid 10001 --gid museum --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin museum \
    && rm -rf /usr/bin/perl* /usr/lib/*/perl-base /usr/share/perl5 /usr/lib/*/gconv \
    /usr/bin/apt* /usr/lib/apt /usr/lib/*/libapt-* /var/lib/apt /var/cache/* /var/log/*

FROM scratch
# hadolint ignore=DL3067
COPY --from=root / /
COPY --from=builder /skmuseum /usr/local/bin/skmuseum
ENV PATH=/usr/local/bin:/usr/bin:/bin
# Numeric, so that Kubernetes can verify that it isn't root.
USER 10001:10001
EXPOSE 8080 8081 8082 8083 8084
# It finds out by itself which roles run, so one image serves all five.
HEALTHCHECK --interval=3s --timeout=3s --start-period=30s --retries=3 CMD ["skmuseum", "health"]
ENTRYPOINT ["skmuseum"]
CMD ["serve"]
