# For your shell, in bash or zsh, while `make run` is running:  . local/shop.sh
#
# It sets these variables:
#   API  MAILBOX  PAYMENTS  PROVIDER   addresses of the API, the mailbox, the payments page and the payment provider
#   STAFF  CUSTOMER                    access tokens of the shop's staff and customer, valid for 15 minutes
#   JSON                               the header that says that a body is JSON
#
# It defines these commands:
#   token EMAIL PASSWORD      logs in and prints an access token
#   field a.b.0               reads JSON and prints that field
#   wait_for TEXT CURL-ARGS   repeats a request until its answer contains the text, for at most a minute
#   send_file PATH            reads an answer that has a form, and sends the file with it

eval "$(python3 - "${SOUK_STACK:-local/.state/stack.json}" <<'PYTHON'
import json
import shlex
import sys

try:
    with open(sys.argv[1]) as file:
        stack = json.load(file)
except OSError:
    sys.exit("echo 'No local shop is running here. Start one with `make run`.' >&2")
settings = {
    "API": stack["api_url"] + "/v1",
    "MAILBOX": stack["mailbox_url"],
    "PAYMENTS": stack["payments_url"],
    "PROVIDER": stack["api_url"] + "/provider",
    "STAFF_LOGIN": json.dumps(stack["staff"]),
    "CUSTOMER_LOGIN": json.dumps(stack["customer"]),
}
for name, value in settings.items():
    print(f"{name}={shlex.quote(value)}")
PYTHON
)"
JSON='Content-Type: application/json'

field() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key) if isinstance(value, list) else key]
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

token() {
    curl -s "$API/auth/login" -H "$JSON" -d "{\"email\": \"$1\", \"password\": \"$2\"}" | field access_token
}

wait_for() {
    _text=$1
    shift
    for _second in $(seq 60); do
        _answer=$(curl -s "$@")
        case $_answer in *"$_text"*) echo "$_answer"; return 0 ;; esac
        sleep 1
    done
    echo "No answer contained '$_text' within a minute. The last one was: $_answer" >&2
    return 1
}

send_file() {
    python3 -c '
import json, sys
form = json.load(sys.stdin)["form"]
print(*("form-string = \"%s=%s\"" % field for field in form["fields"].items()), sep="\n")
print("form = \"file=@%s\"\nurl = \"%s\"" % (sys.argv[1], form["url"]))' "$1" | curl -sSf --config -
}

STAFF=$(curl -s "$API/auth/login" -H "$JSON" -d "$STAFF_LOGIN" | field access_token)
CUSTOMER=$(curl -s "$API/auth/login" -H "$JSON" -d "$CUSTOMER_LOGIN" | field access_token)
