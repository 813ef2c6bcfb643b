const SECRET_PARAMETER = /[?&][a-z_]*(?:password|secret|token|key|signature|sig)=([^&\s]+)/gi;

/** Passwords inside URLs on the command line, as they are written and decoded: no message may repeat them. */
export function urlSecrets(argv: readonly string[]): string[] {
  const secrets = argv.flatMap((argument) => [
    // Up to the host's @, and up to the last @ for passwords in which @ and / were not encoded.
    ...capture(argument, /:\/\/[^/?#@:]*:([^@]+)@/g),
    ...capture(argument, /:\/\/[^/?#@:]*:(.+)@/g),
    ...capture(argument, SECRET_PARAMETER),
  ]);
  return [...new Set(secrets.flatMap((secret) => [secret, decoded(secret)]))];
}

function capture(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
