//! The items of list operations, across pages.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use crate::{Failure, builder, types};

/// One page of a list operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// The cursor of the next page. `None` on the last page.
    pub cursor: Option<String>,
}

/// A list operation. Set the filters and the size of a page before the calls of these methods.
pub trait List<'a>: Clone + Send + Sync + Sized + 'a {
    type Item: Send + 'a;

    /// Requests one page: the page at the cursor of an earlier page, or the page that the request itself names.
    fn page(&self, cursor: Option<String>) -> impl Future<Output = Result<Page<Self::Item>, Failure>> + Send;

    /// Returns the items of this page and of all later pages. Each page is requested when its first item is needed.
    ///
    /// ```no_run
    /// use webhooks_client::{Client, Failure, List as _};
    ///
    /// async fn print_failed(client: &Client) -> Result<(), Failure> {
    ///     let mut deliveries = client.list_deliveries().status("failed").items();
    ///     while let Some(delivery) = deliveries.next().await {
    ///         println!("{}", delivery?.id);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    fn items(self) -> Items<'a, Self::Item> {
        // `Some(None)` means the first page, and `None` means that there is no further page.
        let pages = stream::try_unfold((self, Some(None)), async |(request, next): (Self, Option<Option<String>>)| {
            let Some(cursor) = next else { return Ok(None) };
            let page = request.page(cursor).await?;
            let next = page.cursor.map(Some);
            Ok::<_, Failure>(Some((stream::iter(page.data).map(Ok), (request, next))))
        });
        Items(Box::pin(pages.try_flatten()))
    }
}

/// The items of all pages. This is a `Stream` of the crate `futures`. Without this crate, use the method [`Items::next`].
///
/// After an error, there are no more items.
pub struct Items<'a, T>(Pin<Box<dyn Stream<Item = Result<T, Failure>> + Send + 'a>>);

impl<T> Items<'_, T> {
    /// Returns the next item, or `None` after the last item.
    pub async fn next(&mut self) -> Option<Result<T, Failure>> {
        poll_fn(|context| self.0.as_mut().poll_next(context)).await
    }
}

impl<T> Stream for Items<'_, T> {
    type Item = Result<T, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for Items<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Items(..)")
    }
}

macro_rules! lists {
    ($($operation:ident: $item:ident,)*) => {
        $(
            impl<'a> List<'a> for builder::$operation<'a> {
                type Item = types::$item;

                async fn page(&self, cursor: Option<String>) -> Result<Page<types::$item>, Failure> {
                    let mut request = self.clone();
                    if let Some(cursor) = cursor {
                        request = request.cursor(cursor);
                    }
                    let page = request.send().await?.into_inner();
                    Ok(Page { data: page.data, cursor: page.cursor.map(String::from) })
                }
            }
        )*

        #[cfg(test)]
        const OPERATIONS: &[&str] = &[$(stringify!($operation)),*];
    };
}

lists! {
    ListAccounts: AccountSummary,
    ListAuditEvents: AuditEvent,
    ListDeliveries: Delivery,
    ListEventTypes: EventType,
    ListNotifications: Notification,
    ListPauses: Pause,
    ListWebhooks: Webhook,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_with_a_cursor_has_a_stream_of_items() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).expect("JSON");
        let paths = document["paths"].as_object().expect("paths").values();
        let operations = paths.flat_map(|path| path.as_object().expect("a path").values());
        let has_cursor = |operation: &serde_json::Value| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let references = parameters.map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).expect("a parameter"),
                None => parameter,
            });
            references.into_iter().any(|parameter| parameter["name"] == "cursor")
        };
        let mut names: Vec<String> = operations
            .filter(|operation| has_cursor(operation))
            .map(|operation| operation["operationId"].as_str().expect("a name").replacen("list", "List", 1))
            .collect();
        names.sort_unstable();
        assert_eq!(OPERATIONS, names);
    }
}
