# Muster's one image: coordinator, worker, sandbox and migrate are its commands. It takes what is built: run
# ./mvnw package (or ./muster) first; nothing is downloaded while the image is made.
FROM eclipse-temurin:25-jre

# Numeric, so that Kubernetes can see that it is not root.
RUN groupadd --system --gid 10001 muster \
 && useradd --system --uid 10001 --gid muster --home-dir /opt/muster --no-create-home muster \
 && mkdir -p /opt/muster/handlers /var/lib/muster \
 && chown muster:muster /var/lib/muster

WORKDIR /opt/muster
COPY --chown=root:root local/target/dist/ lib/
COPY --chown=root:root --chmod=0755 muster ./muster

USER 10001:10001
VOLUME /var/lib/muster
ENTRYPOINT ["/opt/muster/muster"]
CMD ["--help"]
