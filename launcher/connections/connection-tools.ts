/** What commands do with connections, in one module: it knows every kind of source, and is loaded at its first use. */
export { viewConnections } from './connection-view';
export { draftConnection, readStoredConnection } from './draft-connection';
export { readAnswers } from './read-answers';
export { keyIdOf, rotateKeys, sealDraft } from './stored-secrets';
export { OLD_SECRET_KEY_VARIABLE, SECRET_KEY_VARIABLE, SecretKeys } from '../../core/sealed-secrets';
