# The service as an image: plain sources on Node.js, no build step, no root.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /multinic
COPY package.json package-lock.json ./
# The image brings its own Node.js: the platform packages and the tools stay out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /multinic
COPY --from=dependencies /multinic/node_modules ./node_modules
COPY package.json LICENSE ./
COPY gen ./gen
COPY src ./src
COPY examples ./examples
USER node
EXPOSE 8080
# Not by npm, which does not hand SIGTERM on.
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
