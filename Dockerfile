# One image for every role: `docker compose` says which with the command's arguments.
FROM node:20.19.5-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm pack --ignore-scripts --pack-destination /packed

FROM node:20.19.5-bookworm-slim
WORKDIR /app
COPY --from=build /packed/ /packed/
# The packed package, as a user of npm installs it: with Temporal's packages as its peers; those for --otel are optional.
RUN echo '{ "private": true }' > package.json \
    && npm install --no-audit --no-fund /packed/virnucpro-temporal-*.tgz \
        @temporalio/interceptors-opentelemetry@~1.24.0 @opentelemetry/api@1 @opentelemetry/resources@1 \
        @opentelemetry/sdk-trace-base@1 @opentelemetry/exporter-trace-otlp-http@0.57 \
    && npm cache clean --force \
    && rm -r /packed
# The root file system may be read-only: what programs keep for themselves goes to /tmp.
ENV NODE_ENV=production PATH=/app/node_modules/.bin:$PATH HOME=/tmp
# The user node, by number: Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
EXPOSE 9464
ENTRYPOINT ["virnucpro"]
CMD ["--help"]
