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
# The packed package, as a user of npm installs it: with Temporal's packages as its peers.
RUN echo '{ "private": true }' > package.json \
    && npm install --no-audit --no-fund /packed/virnucpro-temporal-*.tgz \
    && npm cache clean --force \
    && rm -r /packed
ENV NODE_ENV=production PATH=/app/node_modules/.bin:$PATH
USER node
ENTRYPOINT ["virnucpro"]
CMD ["--help"]
