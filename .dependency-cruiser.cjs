/** Which folder may import which; see docs/architecture.md, "Layout and boundaries". */
const LAYERS = {
  core: [],
  transforms: ['core'],
  partitioning: ['core'],
  extractors: ['core', 'transforms'],
  loaders: ['core', 'transforms'],
  pipelines: ['core', 'transforms', 'extractors', 'loaders'],
  launcher: ['core', 'transforms', 'partitioning', 'extractors', 'loaders', 'pipelines'],
};
const ALL = Object.keys(LAYERS);

const boundaries = ALL.map((layer) => ({
  name: `${layer}-imports`,
  comment: `${layer} may import ${LAYERS[layer].join(', ') || 'nothing else of the project'}`,
  severity: 'error',
  from: { path: `^${layer}/` },
  to: {
    path: `^(${[...ALL, 'bundle', 'docs', 'wasm', 'test', 'bench'].filter((other) => other !== layer && !LAYERS[layer].includes(other)).join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    ...boundaries,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'pure-layers-do-no-io',
      comment:
        'core holds words and rules, transforms and partitioning decide; clients and secrets live in core/clients',
      severity: 'error',
      from: { path: '^(core|transforms|partitioning)/', pathNot: '^core/clients/' },
      to: {
        path: '^(core/clients/|(node:)?(fs|net|tls|http|http2|https|dns|child_process|worker_threads)(/|$))',
      },
    },
    {
      name: 'drivers-are-built-in-clients',
      comment: 'a database, cloud or object-store client is built in core/clients alone',
      severity: 'error',
      from: { pathNot: '^(core/clients|test|bench)/' },
      to: { path: 'node_modules/(pg|mysql2|@duckdb/node-api|libsql)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'beam-only-in-pipelines-beam',
      severity: 'error',
      from: { pathNot: '^(pipelines|test)/beam/' },
      to: { path: 'node_modules/apache-beam' },
    },
    {
      name: 'not-to-dev-dependency',
      severity: 'error',
      from: { pathNot: '^(test|bench|bundle|wasm|examples)/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^(bundle|docs|wasm|test|bench)/'] },
      to: {},
    },
    { name: 'not-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
