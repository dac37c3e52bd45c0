// A provider as a municipality has it: `node provider.mjs PORT KEYS_FILE`. Persons and their claims are those of the test.
import { readFileSync } from "node:fs";
import Provider from "oidc-provider";

const [port, keysFile] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = {
  anne: { roles: ["fagperson"], unit: "teknisk-drift", name: "Anne Berg", title: "enhetsleder", channels: [] },
  per: { roles: ["sideadministrator", "fagperson"], unit: "servicetorget", name: "Per Vik", title: "rådgiver", channels: ["*"] },
  nina: {},
};

const provider = new Provider(issuer, {
  jwks: JSON.parse(readFileSync(keysFile, "utf-8")),
  cookies: { keys: ["only-for-tests"] },
  clients: [
    {
      client_id: "portal",
      client_secret: "only-for-tests",
      redirect_uris: ["https://portal.example/back"],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: "ES256",
    },
    {
      client_id: "torg-journal",
      client_secret: "only-for-tests",
      redirect_uris: [],
      grant_types: ["client_credentials"],
      response_types: [],
      id_token_signed_response_alg: "ES256",
    },
  ],
  scopes: ["openid", "torg"],
  claims: { openid: ["sub", "roles", "unit", "name", "title", "channels"] },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "urn:torg",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "openid torg",
        audience: "torg",
        accessTokenFormat: "jwt",
        accessTokenTTL: 300,
        jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
  extraTokenClaims: (_ctx, token) =>
    token.kind === "ClientCredentials" ? { roles: ["system"], unit: "system" } : people[token.accountId],
  findAccount: (_ctx, id) =>
    people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
