# One image for the launcher (`docker run IMAGE run -f …`) and for the workers of Beam runners (Dataflow, Flink, Prism), which start
# it with the flags of Beam's container contract. Both must be of the same version, and so are.
#
#   docker build --build-arg VERSION=… --build-arg REVISION=… -t REGISTRY/beamlift:VERSION .
ARG NODE=22-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN deploy/make-image-tree /image

FROM node:${NODE}
ARG VERSION=dev
ARG REVISION=unknown
# A runner that insists on another user (some mount folders that only root can write): --build-arg RUN_AS=root.
ARG RUN_AS=node
LABEL org.opencontainers.image.title="beamlift" \
      org.opencontainers.image.description="Lifts tables and files of any size into a warehouse: launcher and Beam worker" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
# Owned by root and not writable by who runs it. The lock file stays, for scanners that list what an image contains.
COPY --from=build /image /app
RUN mkdir -p /opt/apache/beam /work \
 && ln -s /app/bin/beamlift-boot.js /opt/apache/beam/boot \
 && ln -s /app/bin/beamlift.js /usr/local/bin/beamlift \
 && chown node:node /work
USER ${RUN_AS}
WORKDIR /work
ENTRYPOINT ["node", "/app/deploy/image-entry.js"]
CMD ["--help"]
