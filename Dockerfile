# The container image, for people who have Docker; `deploy` builds the same image without it.
#   docker build --tag container .
#   docker run --rm -p 8080:8080 -e WORKLOAD=publish -e TOPIC_ARN=… container

# The workspace with empty programs in place of the sources. It changes with the manifests only, and with it what is built
# from it.
FROM rust:1.95.0-slim-bookworm AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock -delete && \
    for manifest in deploy/Cargo.toml crates/*/Cargo.toml; do \
        package="${manifest%/Cargo.toml}"; \
        for source in src/lib.rs src/main.rs $(sed -n 's/^path = "\(.*\.rs\)"$/\1/p' "$manifest"); do \
            mkdir -p "$(dirname "$package/$source")" && echo 'fn main() {}' > "$package/$source" || exit 1; \
        done; \
    done

FROM rust:1.95.0-slim-bookworm AS build
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY --from=manifests /src .
RUN cargo build --locked --release --package container --bin container && rm -r crates/workload crates/container
COPY crates/workload crates/workload
COPY crates/container crates/container
# Only the program itself is told to be static, so the dependencies of the layer before serve as they are.
RUN find crates/workload crates/container -name '*.rs' -exec touch {} + && \
    cargo rustc --locked --release --package container --bin container -- -C target-feature=+crt-static
RUN mkdir -p /image/app /image/etc/ssl/certs /image/tmp && \
    chmod 1777 /image/tmp && \
    cp target/release/container /image/app/ && \
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
