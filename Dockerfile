# The container image, for people who have Docker; `deploy` builds the same image without it.
#   docker build --tag container .
#   docker run --rm -p 8080:8080 -e WORKLOAD=publish -e TOPIC_ARN=… container

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src

# The dependencies change less often than the sources: with manifests alone, and empty programs in place of the sources,
# they become a layer of their own.
COPY Cargo.toml Cargo.lock ./
COPY --parents deploy/Cargo.toml crates/*/Cargo.toml ./
RUN for manifest in deploy/Cargo.toml crates/*/Cargo.toml; do \
        crate="${manifest%/Cargo.toml}" && mkdir -p "$crate/src" && touch "$crate/src/lib.rs" || exit 1; \
        for path in $(sed -n 's/^path = "\(.*\.rs\)"/\1/p' "$manifest"); do \
            mkdir -p "$crate/$(dirname "$path")" && echo 'fn main() {}' > "$crate/$path" || exit 1; \
        done; \
    done && \
    echo 'fn main() {}' | tee deploy/src/main.rs crates/container/src/main.rs crates/xtask/src/main.rs > /dev/null && \
    cargo build --locked --release --package container

# Only the program itself is linked statically, so the dependencies above serve as they are.
COPY crates/workload crates/workload
COPY crates/container crates/container
RUN touch crates/workload/src/lib.rs crates/container/src/main.rs && \
    cargo rustc --locked --release --package container --bin container -- -C target-feature=+crt-static && \
    cp target/release/container /container

RUN mkdir -p /image/app /image/etc/ssl/certs /image/tmp && chmod 1777 /image/tmp && \
    cp /container /image/app/container && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ && \
    printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > /image/etc/passwd && \
    printf 'root:x:0:\nnonroot:x:65532:\n' > /image/etc/group

FROM scratch
COPY --from=build /image /
USER 65532:65532
ENV PORT=8080 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/app/container", "--healthcheck"]
ENTRYPOINT ["/app/container"]
