# The command line in one file, on a base without a shell. It writes to /tmp alone.
FROM gcr.io/distroless/nodejs24-debian13:nonroot
COPY --chmod=0444 dist/cli/licenses.txt dist/cli/dbos-drain-gate.mjs /
ENV TMPDIR=/tmp
WORKDIR /tmp
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/dbos-drain-gate.mjs"]
CMD ["--help"]
