#!/bin/sh
# The synchronizer's appsettings.json, as its README writes it, becomes a
# configuration that check accepts: secrets in files of their owner alone, what
# could not be carried over named, nothing overwritten.
. "${0%/*}/lib.sh"

A=$(planted access)
K=$(planted key)
S=$(planted client)
R=$(planted refresh)
D=$(planted database)
SQUARE_SIGNATURE_KEY=$(planted signature)
HIBOUTIK_TOKEN=$(planted token)
export SQUARE_SIGNATURE_KEY HIBOUTIK_TOKEN
MORE_SECRETS="$A $K $S $R $D $HIBOUTIK_TOKEN"
SETTINGS=$DIR/appsettings.json
{
	printf '\357\273\277'
	cat <<END
{
  // as .NET reads it: with comments /* and commas */
  "Logging": { "IncludeScopes": false },
  "hangfireDatabaseConnectionString": "Server=h;Password=$D",
  "ecommerceDatabaseConnectionString":
    "Server=localhost; Port=3307; Database=shop; Uid=sync; Pwd='$D';",
  "PosAccess": {
    "PosConfigurations": [
      { "AccessToken": "$A", "AccountID": "LOCATION1", "Type": "1" },
      { "AccessToken": "$K", "EmailAddress": "you@example.com",
        "AccountName": "myshop", "MaximumRequests": 10000, 
        "Type": "2" },
      { "AccessToken": "old", "RefreshToken": "$R", "AccountID": "4711",
        "ClientID": "client", "ClientSecret": "$S", "EmployeeID": 1,
        "RegisterID": 2, "ShopID": 3, "Colour": "red",
        
        "Type": 3 },
      { "Type": "4", "AccountID": "phone", "FirebaseFCMID": "x" },
    ]
  } 
} 
END
} >"$SETTINGS"

tb import-appsettings "$SETTINGS" -o "$CONFIG"
expect "import ($said)" "$code" 0
expect_text "a telephone" "$said" 'Configurations\[3\]\.Type: 4 .*not carried over'
expect_text "a strange key" "$said" 'Configurations\[2\]\.Colour: is unknown'
expect_text "what is supposed" "$said" '"warehouse": 1'
expect_text "a hook" "$said" 'square: hook\.signature_key is yours to give'
expect_no_text "secrets" "$said" planted-
expect "accounts" "$(jq -c '[.accounts[] | .name]' "$CONFIG")" \
	'["square","hiboutik","lightspeed_r","shop"]'
expect "the shop's database" "$(jq -c '.accounts[3] |
	[.type, .host, .port, .database, .user, .password, .profile]' "$CONFIG")" \
	'["sql","127.0.0.1",3307,"shop","sync","file:secrets/shop-password","stock"]'
expect "its password" "$(cat "$DIR/secrets/shop-password")" "$D"
expect "the till's location" "$(jq -r '.accounts[0].location' "$CONFIG")" \
	LOCATION1
expect "a secret's place" "$(jq -r '.accounts[2].client_secret' "$CONFIG")" \
	file:secrets/lightspeed_r-client_secret
expect "a secret" "$(cat "$DIR/secrets/lightspeed_r-client_secret")" "$S"
expect "secrets that others may read" \
	"$(find "$DIR/secrets" "$CONFIG" -type f -perm /077 | wc -l)" 0
expect "secrets in the configuration" "$(grep -c planted- "$CONFIG")" 0 ||
	:

# Again: nothing is overwritten.
cp "$CONFIG" "$DIR/before"
tb import-appsettings "$SETTINGS" -o "$CONFIG"
expect "a second import" "$code" 1
expect_text "why" "$said" 'there already'
cmp "$CONFIG" "$DIR/before"

# What is wrong is named, all of it, and nothing is written.
printf '%s' '{"PosAccess":{"PosConfigurations":[{"Type":9},
	{"Type":"1","AccessToken":"x"}]}}' >"$SETTINGS"
tb import-appsettings "$SETTINGS" -o "$DIR/other.json"
expect "an import of nonsense" "$code" 1
expect_text "both" "$said" '2 mistakes; nothing was written'
[ ! -e "$DIR/other.json" ] || fail "something was written"

# A database elsewhere needs a certificate, and one that is not named is left.
printf '%s' '{"PosAccess":{"PosConfigurations":[{"Type":"1",
	"AccessToken":"x","AccountID":"L"}]},"ecommerceDatabaseConnectionString":
	"Server=db.example.com;Database=d;Uid=u;Pwd=p"}' >"$SETTINGS"
tb import-appsettings "$SETTINGS" -o "$DIR/elsewhere/gateway.json"
expect "into a folder that is not there" "$code" 1
mkdir "$DIR/elsewhere"
tb import-appsettings "$SETTINGS" -o "$DIR/elsewhere/gateway.json"
expect "import ($said)" "$code" 0
expect_text "what it lacks" "$said" 'shop: ca_file is yours to give: db\.example\.com'
sed 's/Uid=u;//' "$SETTINGS" >"$DIR/settings.json"
rm -r "$DIR/elsewhere/secrets" "$DIR/elsewhere/gateway.json"
tb import-appsettings "$DIR/settings.json" -o "$DIR/elsewhere/gateway.json"
expect "import ($said)" "$code" 0
expect_text "the shop" "$said" 'ecommerceDatabaseConnectionString: is not carried'
expect "accounts" "$(jq '.accounts | length' "$DIR/elsewhere/gateway.json")" 1

# With what a person has to add it is valid.
jq --arg url "$HOOKS" '.public.url = $url' "$DIR/before" >"$CONFIG"
tb check --offline
expect "check ($said)" "$code" 0

# To the daemon every account has the vendor's id, a number or a text.
jq --arg a "127.0.0.1:$api_port" --arg h "127.0.0.1:$hooks_port" \
	--arg url "$HOOKS" '.public.url = $url | .private.listen = [$a] | .public.listen = [$h] |
	.accounts[] |= (.paused = true)' "$DIR/before" >"$CONFIG"
start_daemon
for id in LOCATION1 myshop 4711; do
	expect "rows of $id" "$(api "api/items/$id")" '[]'
done
expect "an id that nobody has" "$(api_code api/items/4712)" 404
