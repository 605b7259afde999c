"""LangChain with `InsideLLMCallback`, the original's or ours. Prints JSON: the names of the runs, and what is remembered."""

import json
import os
import uuid

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import tool

import insidellm
from insidellm.langchain_integration import InsideLLMCallback

client = insidellm.InsideLLMClient(api_key="any", base_url=os.environ["SINK"], max_retries=0)
names = {}


def callback(name):
    run_id = str(uuid.uuid4())
    names[run_id] = name
    return InsideLLMCallback(client=client, user_id="user-1", run_id=run_id)


def model():
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    return GenericFakeChatModel(messages=iter([AIMessage(content="Hello!", usage_metadata=usage) for _ in range(9)]))


class Library(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return []


@tool
def double(number: int) -> int:
    """Doubles."""
    return 2 * number


(ChatPromptTemplate.from_messages([("human", "{text}")]) | model()).invoke(
    {"text": "Hi"}, {"callbacks": [callback("W-31")], "tags": ["one"], "metadata": {"list": [1]}}
)
client.flush()
model().invoke("Hi", {"callbacks": [callback("W-32")]})
client.flush()
Library().invoke("Hi", {"callbacks": [callback("W-33")]})
client.flush()
call = {"name": "double", "args": {"number": 2}, "id": "call_1", "type": "tool_call"}
double.invoke(call, {"callbacks": [callback("W-34")]})
client.flush()
last = callback("W-35")
model().batch(["a", "b", "c"], {"callbacks": [last]})
client.flush()
remembered = max([len(value) for value in vars(last).values() if isinstance(value, dict)], default=0)
client.shutdown()
print(json.dumps({"runs": list(names.values()), "names": names, "remembered": remembered}))
