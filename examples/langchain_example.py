"""A question answered from documents with LangChain, recorded with insidellm. The model and the library are of this file: no
network is needed but the server's.

    pip install 'insidellm[langchain]'

    INSIDELLM_BASE_URL   where the events go (http://127.0.0.1:8080)
    INSIDELLM_API_KEY    the key, if the server asks for one
"""

from __future__ import annotations

import os
from typing import List

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough

import insidellm

BASE_URL = os.environ.get("INSIDELLM_BASE_URL", "http://127.0.0.1:8080")
API_KEY = os.environ.get("INSIDELLM_API_KEY", "local")


class Shelf(BaseRetriever):
    """A library of one page."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> List[Document]:
        return [Document(page_content="Orders are sent within two days.", metadata={"page": "delivery"})]


def main() -> None:
    """Asks once, streams the answer, and says what was sent."""
    client = insidellm.initialize(api_key=API_KEY, base_url=BASE_URL)
    callback = insidellm.InsideLLMCallback(client=client, user_id="user-123", metadata={"agent": "book-shop"})
    prompt = ChatPromptTemplate.from_messages([("system", "Answer from: {context}"), ("human", "{question}")])
    model = FakeListChatModel(responses=["Within two days."])
    chain = {"context": Shelf(), "question": RunnablePassthrough()} | prompt | model | StrOutputParser()

    for piece in chain.stream("When is my order sent?", config={"callbacks": [callback]}):
        print(piece, end="", flush=True)
    print()

    insidellm.shutdown(timeout=10.0)
    statistics = client.queue_manager.get_statistics()
    print(f"run {callback.run_id}: sent {statistics['events_sent']} of {statistics['events_queued']} events to {BASE_URL}")


if __name__ == "__main__":
    main()
