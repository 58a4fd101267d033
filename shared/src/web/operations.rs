//! A function's operations: named once, by it; mounted when it starts, described when the
//! document is made. A binary that serves holds no description.

use axum::{Router, handler::Handler, routing::MethodRouter};
use utoipa::{
    __dev::{SchemaReferences, Tags},
    Path,
    openapi::path::Paths,
};
use utoipa_axum::{PathItemExt as _, router::OpenApiRouter};

#[doc(hidden)]
pub use utoipa_axum::paste;

/// Takes up operations, one after the other.
pub trait Operations<F>: Sized {
    /// Takes up one: its handler, and `A`, which is what `#[utoipa::path]` makes of its annotation.
    #[must_use]
    fn operation<A, H, T>(self, annotation: A, handler: H) -> Self
    where
        A: Path + SchemaReferences + for<'t> Tags<'t>,
        H: Handler<T, F>,
        T: 'static;
}

fn mounted<A: Path, H: Handler<T, F>, T: 'static, F>(handler: &H) -> MethodRouter<F>
where
    F: Clone + Send + Sync + 'static,
{
    A::methods().iter().fold(MethodRouter::new(), |router, method| {
        router.on(method.to_method_filter(), handler.clone())
    })
}

/// Mounts them.
impl<F: Clone + Send + Sync + 'static> Operations<F> for Router<F> {
    fn operation<A: Path, H: Handler<T, F>, T: 'static>(self, _: A, handler: H) -> Self {
        self.route(&A::path(), mounted::<A, H, T, F>(&handler))
    }
}

/// Describes them.
impl<F: Clone + Send + Sync + 'static> Operations<F> for OpenApiRouter<F> {
    fn operation<A, H, T>(self, _: A, handler: H) -> Self
    where
        A: Path + SchemaReferences + for<'t> Tags<'t>,
        H: Handler<T, F>,
        T: 'static,
    {
        let (mut schemas, mut paths) = (Vec::new(), Paths::new());
        A::schemas(&mut schemas);
        let mut operation = A::operation();
        let tags = A::tags();
        if !tags.is_empty() {
            let all = operation.tags.get_or_insert_default();
            all.extend(tags.into_iter().map(str::to_owned));
        }
        paths.add_path_operation(A::path(), A::methods(), operation);
        self.routes((schemas, paths, mounted::<A, H, T, F>(&handler)))
    }
}

/// The operations of a function: its handlers, by module and name.
#[macro_export]
macro_rules! operations {
    ($($($segment:ident)::+),+ $(,)?) => {
        fn operations<O: $crate::web::Operations<Self>>(to: O) -> O {
            $(let to = $crate::operations!(@one to, $($segment)::+);)+
            to
        }
    };
    (@one $to:ident, $module:ident::$handler:ident) => {
        $crate::web::paste! { $to.operation($module::[<__path_ $handler>], $module::$handler) }
    };
    (@one $to:ident, $outer:ident::$module:ident::$handler:ident) => {
        $crate::web::paste! {
            $to.operation($outer::$module::[<__path_ $handler>], $outer::$module::$handler)
        }
    };
}
