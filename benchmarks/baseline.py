"""The baseline of cold starts: a script that makes one DynamoDB client."""

import botocore.session

botocore.session.get_session().create_client("dynamodb")
